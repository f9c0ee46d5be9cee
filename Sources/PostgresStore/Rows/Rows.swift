import Bridge
import PostgresClient

extension RecordField {
  /// The field in a SELECT.
  func selected(from alias: String) -> String {
    let name = "\(alias).\(column)"
    return switch kind {
    case .id, .exact, .text, .number: "\(name) AS \(column)"
    case .time: "\(SQL.rfc3339(name)) AS \(column)"
    case .deadline: "CASE WHEN \(name) = '-infinity' THEN '' ELSE \(SQL.rfc3339(name)) END AS \(column)"
    case .flag: "COALESCE(\(name), 0) AS \(column)"
    }
  }

  func value(in row: PostgresRow) throws(PostgresError) -> FieldValue? {
    switch kind {
    case .id, .exact: try row.get(column, as: String?.self).map { .exact(ArchivedText($0)) }
    case .text, .time, .deadline: try row.get(column, as: String?.self).map(FieldValue.text)
    case .number: try row.get(column, as: Int?.self).map(FieldValue.number)
    case .flag: try row.get(column, as: Int.self) != 0 ? .flag(true) : nil
    }
  }

  /// The text form of the value; Postgres stores neither NUL nor numbers outside of `integer`.
  func text(in record: Record) -> String? {
    switch value(in: record) {
    case .exact(let text): kind == .id ? text.portableID : text.portable
    case .text(let text): ArchivedText(text).portable
    case .number(let number): Int32(exactly: number).map(String.init) ?? "1"
    case .flag(let flag): flag ? "1" : "0"
    case nil: kind == .flag ? "0" : nil
    }
  }

  /// The column's value from its text form.
  func cast(_ text: String) -> String {
    switch kind {
    case .id, .exact, .text: text
    case .time: "\(text)::timestamptz"
    case .deadline: "CASE WHEN \(text) = '' THEN '-infinity' ELSE \(text)::timestamptz END"
    case .number, .flag: "\(text)::integer"
    }
  }
}

extension FieldedRecord {
  /// The record's fields in a SELECT.
  static func selected(from alias: String) -> String {
    (columns.map { $0.selected(from: alias) } + details.map { $0.selected(from: "d") }).joined(separator: ", ")
  }

  init(fieldsOf row: PostgresRow) throws(PostgresError) {
    self.init()
    for field in Self.fields { field.set(try field.value(in: row), in: &self) }
  }
}

extension Message {
  init(_ row: PostgresRow) throws { try self.init(fieldsOf: row) }
}

extension BridgeTask {
  init(_ row: PostgresRow) throws {
    try self.init(fieldsOf: row)
    setClaim(holder: try row.get("holder"), process: try row.get("holder_process"), isExpired: try row.get("expired"))
  }
}
