import TextTable

/// One column of a table.
struct TableColumn<Row> {
  let title: String
  let alignment: Alignment
  let text: (Row) -> String?

  init(_ title: String, _ alignment: Alignment = .left, _ text: @escaping (Row) -> String?) {
    self.title = title
    self.alignment = alignment
    self.text = text
  }
}

/// Rows as a table that is coloured on a terminal. Each cell is one line; what is missing is a dash.
func table<Row>(_ rows: [Row], _ columns: [TableColumn<Row>]) -> String {
  let table = TextTable<Row> { row in
    columns.map { Column(title: $0.title, value: $0.text(row)?.harmlessLine ?? "–", align: $0.alignment) }
  }
  return table.string(for: rows, style: ColouredStyle.self) ?? ""
}

/// The titles of the columns that have colours.
enum ColumnTitle {
  static let status = "STATUS"
  static let presence = "PRESENCE"
  static let name = "NAME"
}

private enum ColouredStyle: TextTableStyle {
  static func prepare(_ text: String, for column: Column) -> String { Style.simple.prepare(text, for: column) }
  static func escape(_ text: String) -> String { text }
  static func begin(_ table: inout String, index: Int, columns: [Column]) {}
  static func end(_ table: inout String, index: Int, columns: [Column]) {}

  static func header(_ table: inout String, index: Int, columns: [Column]) {
    table += line(columns) { Colours.strong($0.headerString(for: self)) }
  }

  static func row(_ table: inout String, index: Int, columns: [Column]) {
    table += line(columns) { paint($0.string(for: self), under: $0.headerString(for: self).withoutTrailingSpace) }
  }

  /// Cells two spaces apart.
  private static func line(_ columns: [Column], _ cell: (Column) -> String) -> String {
    let text = columns.map(cell).joined(separator: "  ")
    return text.withoutTrailingSpace + "\n"
  }

  private static func paint(_ cell: String, under title: String) -> String {
    switch title {
    case ColumnTitle.status: Colours.status(cell)
    case ColumnTitle.presence: cell.hasPrefix("online") ? Colours.good(cell) : Colours.faint(cell)
    case ColumnTitle.name: Colours.agent(cell)
    default: cell
    }
  }
}

extension StringProtocol {
  fileprivate var withoutTrailingSpace: String {
    var text = self[...]
    while text.last == " " { text.removeLast() }
    return String(text)
  }
}
