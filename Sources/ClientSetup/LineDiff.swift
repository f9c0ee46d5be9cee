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
    let difference = new.difference(from: old)
    var lines = old.map { Line(" ", $0) }
    for case .remove(let offset, _, _) in difference.removals { lines[offset].mark = "-" }
    for case .insert(let offset, let text, _) in difference.insertions {
      let place = lines.indices.filter { lines[$0].mark != "-" }.dropFirst(offset).first ?? lines.endIndex
      lines.insert(("+", text), at: place)
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
