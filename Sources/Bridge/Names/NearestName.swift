/// Finds the known name that a person most likely meant.
public enum NearestName {
  /// The known names, those with the fewest edits to `name` first.
  static func sorted(_ known: [String], by name: String) -> [String] {
    known.map { (distance: distance(name, $0), name: $0) }.sorted { $0 < $1 }.map(\.name)
  }

  /// The known name with the fewest edits to `name`, if that is at most so many; nil: half of its length.
  public static func of(_ name: String, among known: [String], within edits: Int? = nil) -> String? {
    let wanted = String(name.lowercased().prefix(64))
    guard let nearest = sorted(known, by: wanted).first else { return nil }
    return distance(wanted, nearest) <= edits ?? max(2, wanted.count / 2) ? nearest : nil
  }

  /// Edit distance in which exchanging two neighbours is one edit (optimal string alignment).
  private static func distance(_ left: String, _ right: String) -> Int {
    let (left, right) = (Array(left.utf8), Array(right.utf8))
    var beforeLast = [Int]()
    var last = Array(0...right.count)
    for (i, a) in left.enumerated() {
      var row = [i + 1]
      for (j, b) in right.enumerated() {
        var cost = min(last[j + 1] + 1, row[j] + 1, last[j] + (a == b ? 0 : 1))
        if i > 0, j > 0, a == right[j - 1], left[i - 1] == b { cost = min(cost, beforeLast[j - 1] + 1) }
        row.append(cost)
      }
      (beforeLast, last) = (last, row)
    }
    return last[right.count]
  }
}
