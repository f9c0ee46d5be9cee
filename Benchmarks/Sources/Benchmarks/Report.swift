/// The lines of the result.
struct Report {
  private var lines: [[String]] = []

  static let heading = [
    "what", "floor p50", "p99", "small p50", "p99", "large p50", "p99", "small/floor p50", "p99", "large/small p50", "p99",
  ]

  mutating func add(_ name: String, floor: Times?, small: Times?, large: Times) {
    let all = [floor, small, large]
    var line = [name] + all.flatMap { [number($0?.p50), number($0?.p99)] }
    line += [ratio(small?.p50, floor?.p50), ratio(small?.p99, floor?.p99), ratio(large.p50, small?.p50), ratio(large.p99, small?.p99)]
    lines.append(line)
  }

  /// Messages a second: a ratio of 1 is as quick as the floor, 2 half as quick.
  mutating func addRates(_ name: String, floor: Double, small: Double, large: Double) {
    lines.append([name, number(floor), "", number(small), "", number(large), "", ratio(floor, small), "", ratio(small, large), ""])
  }

  mutating func addSizes(_ name: String, floor: Double, small: Double, large: Double) {
    lines.append([name, number(floor), "", number(small), "", number(large), "", ratio(small, floor), "", ratio(large, small), ""])
  }

  func number(_ value: Double?) -> String { value.map(decimal) ?? "" }

  private func ratio(_ value: Double?, _ other: Double?) -> String {
    guard let value, let other else { return "" }
    return number(value / other)
  }

  var text: String { Table(Self.heading, left: 1, lines).text }
}

/// With two digits behind the point, unless it is large.
func decimal(_ value: Double) -> String {
  if !value.isFinite { return "–" }
  let hundredths = Int((value * 100).rounded())
  if value >= 100 { return "\(Int(value.rounded()))" }
  return "\(hundredths / 100).\(hundredths % 100 < 10 ? "0" : "")\(hundredths % 100)"
}

/// A table of Markdown whose columns line up.
struct Table {
  let text: String

  /// - Parameter left: how many columns are texts.
  init(_ heading: [String], left: Int, _ lines: [[String]]) {
    let rows = [heading] + lines
    let widths = heading.indices.map { column in rows.map { $0[column].count }.max() ?? 0 }
    func line(_ row: [String]) -> String {
      let cells = row.enumerated().map { column, cell in
        let space = String(repeating: " ", count: widths[column] - cell.count)
        return column < left ? cell + space : space + cell
      }
      return "| \(cells.joined(separator: " | ")) |"
    }
    let rule =
      "|" + widths.enumerated().map { String(repeating: "-", count: $1 + 1) + ($0 < left ? "-" : ":") }.joined(separator: "|") + "|"
    text = ([line(heading), rule] + lines.map(line)).joined(separator: "\n")
  }
}
