struct TableColumn<Row> {
  enum Alignment { case left, right }

  let title: String
  let alignment: Alignment
  let paint: (String) -> String
  let text: (Row) -> String?
  private(set) var isID = false

  init(
    _ title: String, _ alignment: Alignment = .left, paint: @escaping (String) -> String = { $0 }, _ text: @escaping (Row) -> String?
  ) {
    self.title = title
    self.alignment = alignment
    self.paint = paint
    self.text = text
  }

  static func id(_ text: @escaping (Row) -> String?) -> Self {
    var column = Self("ID", .left, text)
    column.isID = true
    return column
  }
  static func status(_ text: @escaping (Row) -> String?) -> Self { Self("STATUS", paint: Colours.status, text) }
  static func name(_ text: @escaping (Row) -> String?) -> Self { Self("NAME", paint: Colours.agent, text) }
  static func presence(_ isOnline: @escaping (Row) -> Bool) -> Self {
    Self("PRESENCE", paint: { $0.hasPrefix("online") ? Colours.good($0) : Colours.faint($0) }, { isOnline($0) ? "online" : "offline" })
  }
}

/// Rows as a table that is coloured on a terminal. Each cell is one line; a dash stands for a missing value.
func table<Row>(_ rows: [Row], _ columns: [TableColumn<Row>]) -> String {
  var cells = columns.map { column in rows.map { column.text($0)?.harmlessLine ?? "–" } }
  var widths = zip(columns, cells).map { column, cells in cells.reduce(column.title.columns) { max($0, $1.columns) } }
  if let room = Terminal.lineWidth.map({ $0 - 2 * (columns.count - 1) }) {
    // Ids first, whose beginnings stand for them.
    for index in columns.indices where columns[index].isID && widths.reduce(0, +) > room { widths[index] = min(widths[index], 8) }
    while widths.reduce(0, +) > room, let widest = widths.indices.max(by: { widths[$0] < widths[$1] }), widths[widest] > 3 {
      widths[widest] -= 1
    }
    for index in columns.indices {
      cells[index] = cells[index].map { columns[index].isID ? String($0.prefix(widths[index])) : $0.brief(widths[index]) }
    }
  }
  func line(_ text: (Int) -> String, paint: (Int) -> (String) -> String) -> String {
    let padded = columns.indices.map { index in
      let space = String(repeating: " ", count: widths[index] - min(widths[index], text(index).columns))
      // Spaces at the end of a line would only wrap.
      if index == columns.count - 1, columns[index].alignment == .left { return paint(index)(text(index)) }
      return paint(index)(columns[index].alignment == .left ? text(index) + space : space + text(index))
    }
    return padded.joined(separator: "  ") + "\n"
  }
  return line({ columns[$0].title.brief(widths[$0]) }, paint: { _ in Colours.strong })
    + rows.indices.map { row in line({ cells[$0][row] }, paint: { columns[$0].paint }) }.joined()
}
