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
    return value.isSet
  }
}

extension DatabaseValue {
  fileprivate var isSet: Bool { if case .int64(let number) = storage { number != 0 } else { false } }

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
    case .text: "\(SQL.whole(name)) AS \(column)"
    case .time: "\(SQL.time(name)) AS \(column)"
    case .deadline:
      "CASE WHEN \(name) IS NULL THEN NULL WHEN \(name) = '' THEN '' ELSE COALESCE(\(SQL.time(name)), '') END AS \(column)"
    case .number: "CASE WHEN \(name) IS NULL OR typeof(\(name)) = 'integer' THEN \(name) ELSE \(name) <> 0 END AS \(column)"
    case .flag: "COALESCE(\(name), 0) AS \(column)"
    }
  }

  /// - Parameter place: where the field is in the row; afterwards, where the next one is. Names of columns take long to look up.
  func value(in row: Row, at place: inout Int) -> FieldValue? {
    defer { place += 1 }
    switch kind {
    case .id, .exact:
      defer { place += 1 }
      guard let data = row[place] as Data? else { return nil }
      return .exact(ArchivedText(bytes: Array(data), isBlob: (row[place + 1] as DatabaseValue).isSet))
    case .text, .time, .deadline: return (row[place] as DatabaseValue).shown.map(FieldValue.text)
    case .number: return (row[place] as Int?).map(FieldValue.number)
    case .flag: return (row[place] as DatabaseValue).isSet ? .flag(true) : nil
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

  /// - Parameter first: where what `selected` selects begins in the row, by default behind the row's number.
  init(fieldsOf row: Row, from first: Int = 1) {
    self.init()
    var place = first
    for field in Self.fields { field.set(field.value(in: row, at: &place), in: &self) }
  }
}

extension BridgeTask {
  init(_ row: Row) {
    self.init(fieldsOf: row)
    setClaim(
      holder: row.text("holder"), session: row.text("holder_session"), process: row.text("holder_process"), isExpired: row.flag("expired"))
  }
}
