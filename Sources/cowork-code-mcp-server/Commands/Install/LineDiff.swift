/// The difference of two texts, as `diff -u` shows it.
enum LineDiff {
  private static let context = 3

  /// Empty where they are the same.
  static func of(_ old: String?, _ new: String, name: String) -> String {
    let before = lines(old ?? "")
    let after = lines(new)
    guard old == nil || before != after else { return "" }
    let marked = compare(before, after)
    var text = "--- \(old == nil ? "/dev/null" : name)\n+++ \(name)\n"
    for hunk in hunks(marked) { text += hunk }
    return text
  }

  private enum Line {
    case same(String)
    case removed(String)
    case added(String)

    var isSame: Bool { if case .same = self { true } else { false } }
    var text: String {
      switch self {
      case .same(let line): " " + line
      case .removed(let line): "-" + line
      case .added(let line): "+" + line
      }
    }
  }

  private static func lines(_ text: String) -> [String] {
    var lines = text.split(separator: "\n", omittingEmptySubsequences: false).map(String.init)
    if lines.last == "" { lines.removeLast() }
    return lines
  }

  private static func compare(_ old: [String], _ new: [String]) -> [Line] {
    var changes = (removed: Set<Int>(), added: Set<Int>())
    for change in new.difference(from: old) {
      switch change {
      case .remove(let offset, _, _): changes.removed.insert(offset)
      case .insert(let offset, _, _): changes.added.insert(offset)
      }
    }
    var result: [Line] = []
    var (left, right) = (0, 0)
    while left < old.count || right < new.count {
      if left < old.count, changes.removed.contains(left) {
        result.append(.removed(old[left]))
        left += 1
      } else if right < new.count, changes.added.contains(right) {
        result.append(.added(new[right]))
        right += 1
      } else {
        result.append(.same(old[left]))
        left += 1
        right += 1
      }
    }
    return result
  }

  private static func hunks(_ lines: [Line]) -> [String] {
    let changed = lines.indices.filter { !lines[$0].isSame }
    var ranges: [Range<Int>] = []
    for index in changed {
      let range = max(0, index - context)..<min(lines.count, index + context + 1)
      if let last = ranges.last, last.upperBound >= range.lowerBound {
        ranges[ranges.count - 1] = last.lowerBound..<range.upperBound
      } else {
        ranges.append(range)
      }
    }
    return ranges.map { range in
      func count(_ lines: ArraySlice<Line>) -> (old: Int, new: Int) {
        lines.reduce((0, 0)) { counts, line in
          switch line {
          case .same: (counts.0 + 1, counts.1 + 1)
          case .removed: (counts.0 + 1, counts.1)
          case .added: (counts.0, counts.1 + 1)
          }
        }
      }
      let start = count(lines[..<range.lowerBound])
      let length = count(lines[range])
      let head = "@@ -\(start.old + (length.old > 0 ? 1 : 0)),\(length.old) +\(start.new + (length.new > 0 ? 1 : 0)),\(length.new) @@"
      return ([head] + lines[range].map(\.text)).joined(separator: "\n") + "\n"
    }
  }
}
