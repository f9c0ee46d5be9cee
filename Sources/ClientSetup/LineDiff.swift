/// The difference between two texts in the unified format.
enum LineDiff {
  private typealias Line = (mark: Character, text: String)
  private static let context = 3

  /// - Parameter old: nil for a file that does not exist.
  /// - Returns: an empty text where both are the same.
  static func between(_ old: String?, _ new: String, name: String) -> String {
    let (before, after) = (lines(old ?? ""), lines(new))
    guard old == nil || before != after else { return "" }
    let marked = mark(before, after)
    return "--- \(old == nil ? "/dev/null" : name)\n+++ \(name)\n" + hunks(of: marked).map { text(of: $0, in: marked) }.joined()
  }

  private static func lines(_ text: String) -> [String] {
    var lines = text.split(separator: "\n", omittingEmptySubsequences: false).map(String.init)
    if lines.last == "" { lines.removeLast() }
    return lines
  }

  private static func mark(_ old: [String], _ new: [String]) -> [Line] {
    var (removed, added) = (Set<Int>(), Set<Int>())
    for change in new.difference(from: old) {
      switch change {
      case .remove(let offset, _, _): removed.insert(offset)
      case .insert(let offset, _, _): added.insert(offset)
      }
    }
    var lines: [Line] = []
    var (left, right) = (0, 0)
    while left < old.count || right < new.count {
      if removed.contains(left) {
        lines.append(("-", old[left]))
        left += 1
      } else {
        lines.append((added.contains(right) ? "+" : " ", new[right]))
        if !added.contains(right) { left += 1 }
        right += 1
      }
    }
    return lines
  }

  private static func hunks(of lines: [Line]) -> [Range<Int>] {
    var hunks: [Range<Int>] = []
    for index in lines.indices where lines[index].mark != " " {
      let range = max(0, index - context)..<min(lines.count, index + context + 1)
      if let last = hunks.last, last.upperBound >= range.lowerBound {
        hunks[hunks.count - 1] = last.lowerBound..<range.upperBound
      } else {
        hunks.append(range)
      }
    }
    return hunks
  }

  private static func text(of hunk: Range<Int>, in lines: [Line]) -> String {
    func place(_ sign: String, without mark: Character) -> String {
      let start = lines[..<hunk.lowerBound].count { $0.mark != mark }
      let length = lines[hunk].count { $0.mark != mark }
      return "\(sign)\(start + (length > 0 ? 1 : 0)),\(length)"
    }
    return "@@ \(place("-", without: "+")) \(place("+", without: "-")) @@\n" + lines[hunk].map { "\($0.mark)\($0.text)\n" }.joined()
  }
}
