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

  func value(in row: PostgresRow, _ prefix: String = "") throws(PostgresError) -> FieldValue? {
    let column = prefix + column
    return switch kind {
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

  /// - Parameter prefix: before the names of the columns.
  init(fieldsOf row: PostgresRow, _ prefix: String = "") throws(PostgresError) {
    self.init()
    for field in Self.fields { field.set(try field.value(in: row, prefix), in: &self) }
  }
}

extension Message {
  /// From a row of `message_records`.
  init(_ row: PostgresRow) throws {
    try self.init(fieldsOf: row)
    size = try row.get("size")
  }
}

extension BridgeTask {
  /// From a row of `task_records`.
  init(_ row: PostgresRow, _ prefix: String = "") throws {
    try self.init(fieldsOf: row, prefix)
    setClaim(
      holder: try row.get("\(prefix)holder"), session: try row.get("\(prefix)holder_session"),
      process: try row.get("\(prefix)holder_process"), isExpired: try row.get("\(prefix)expired"))
    size = try row.get("\(prefix)size")
  }
}

extension PostgresRows {
  /// The first row, of a function that returns at least one.
  var only: PostgresRow {
    get throws {
      guard let first else { throw BridgeError(.storeFailed, "The database returned no row.") }
      return first
    }
  }
}

extension IDReference {
  /// A refusal of `required_id` or `only_candidate`: the detail is the field, what was given, and then ids and notes of candidates.
  static func refusal(detail: String) -> BridgeError {
    let texts = detail.split(separator: "\u{1F}", omittingEmptySubsequences: false).map(String.init)
    let candidates = stride(from: 2, to: texts.count - 1, by: 2).map { Candidate(id: texts[$0], note: texts[$0 + 1]) }
    let (field, given) = (texts[0], texts.count > 1 ? texts[1] : "")
    return IDReference(given, field: field, to: field == "task_id" ? .task : .message).refusal(candidates)
  }
}
