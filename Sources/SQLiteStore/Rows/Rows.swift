import Bridge
import Foundation
import GRDB

extension Row {
  /// A column of any storage class as text. A blob is its UTF-8 text, or its hexadecimal form.
  func text(_ column: String) -> String? {
    let value: DatabaseValue = self[column]
    return value.shown
  }

  func flag(_ column: String) -> Bool {
    let value: DatabaseValue = self[column]
    guard case .int64(let number) = value.storage else { return false }
    return number != 0
  }
}

extension DatabaseValue {
  var shown: String? {
    switch storage {
    case .null: nil
    case .int64(let number): String(number)
    case .double(let number): String(number)
    case .string(let text): text
    case .blob(let data): String(validating: data, as: UTF8.self) ?? ArchivedText(bytes: Array(data)).portable
    }
  }
}

extension RecordField {
  /// The field in a SELECT. Exact columns are read as bytes, because SQLite cuts text at a NUL and GRDB repairs invalid UTF-8; `…_is_blob`
  /// distinguishes a blob from a text.
  func selected(from alias: String) -> String {
    let name = "\(alias).\(column)"
    return switch kind {
    case .id, .exact: "CAST(\(name) AS BLOB) AS \(column), typeof(\(name)) = 'blob' AS \(column)_is_blob"
    case .text: "\(name) AS \(column)"
    case .time: "\(SQL.time(name)) AS \(column)"
    case .deadline:
      "CASE WHEN \(name) IS NULL THEN NULL WHEN \(name) = '' THEN '' ELSE COALESCE(\(SQL.time(name)), '') END AS \(column)"
    case .number: "CASE WHEN \(name) IS NULL OR typeof(\(name)) = 'integer' THEN \(name) ELSE \(name) <> 0 END AS \(column)"
    case .flag: "COALESCE(\(name), 0) AS \(column)"
    }
  }

  func value(in row: Row) -> FieldValue? {
    switch kind {
    case .id, .exact:
      (row[column] as Data?).map { .exact(ArchivedText(bytes: Array($0), isBlob: row.flag("\(column)_is_blob"))) }
    case .text, .time, .deadline: row.text(column).map(FieldValue.text)
    case .number: (row[column] as Int?).map(FieldValue.number)
    case .flag: row.flag(column) ? .flag(true) : nil
    }
  }

  func databaseValue(in record: Record) -> DatabaseValue {
    switch value(in: record) {
    case .exact(let text): text.databaseValue
    case .text(let text): text.databaseValue
    case .number(let number): number.databaseValue
    case .flag(let flag): flag.databaseValue
    case nil: kind == .flag ? false.databaseValue : .null
    }
  }

  /// The field's place in a statement.
  func placeholder(for record: Record) -> String {
    if case .exact(let text) = value(in: record) { text.placeholder } else { "?" }
  }
}

extension ArchivedText {
  /// For a parameter. Invalid text is bytes, to be written as `CAST(? AS TEXT)`.
  var databaseValue: DatabaseValue { text?.databaseValue ?? Data(bytes).databaseValue }

  var placeholder: String { isBlob || text != nil ? "?" : "CAST(? AS TEXT)" }
}

extension FieldedRecord {
  /// The record's fields in a SELECT.
  static func selected(from alias: String) -> String {
    (columns.map { $0.selected(from: alias) } + details.map { $0.selected(from: "d") }).joined(separator: ", ")
  }

  init(fieldsOf row: Row) {
    self.init()
    for field in Self.fields { field.set(field.value(in: row), in: &self) }
  }
}

extension BridgeTask {
  init(_ row: Row) {
    self.init(fieldsOf: row)
    setClaim(
      holder: row.text("holder"), session: row.text("holder_session"), process: row.text("holder_process"), isExpired: row.flag("expired"))
  }
}
