import CLibPQ

/// The rows of one statement, as the server sent them. Values are decoded when they are read.
public struct PostgresRows: Sendable, RandomAccessCollection {
  let storage: ResultStorage

  public var startIndex: Int { 0 }
  public var endIndex: Int { storage.rowCount }
  public subscript(position: Int) -> PostgresRow {
    precondition(position >= 0 && position < storage.rowCount, "row \(position) of \(storage.rowCount)")
    return PostgresRow(storage: storage, row: Int32(position))
  }

  public var columnNames: [String] { storage.columnNames }

  /// As the server wrote it: `INSERT 0 3`, `SELECT 2`, `COMMIT`. Empty for an empty statement.
  public var commandTag: String { storage.commandTag }
}

/// One row. Columns by name (exact, the first of that name) or by position from 0.
public struct PostgresRow: Sendable {
  let storage: ResultStorage
  let row: Int32

  /// Throws `.decodingFailed` when there is no such column, it is NULL and `T` is not optional, or the text is not a `T`.
  public func get<T: PostgresDecodable>(_ column: String, as type: T.Type = T.self) throws(PostgresError) -> T {
    guard let index = storage.columnIndex[column] else {
      throw PostgresError(.decodingFailed, "The result has no column \"\(column)\"; it has \(storage.columnNames.joined(separator: ", ")).")
    }
    return try decode(index, type)
  }

  /// As by name.
  public func get<T: PostgresDecodable>(_ position: Int, as type: T.Type = T.self) throws(PostgresError) -> T {
    guard storage.columnNames.indices.contains(position) else {
      throw PostgresError(.decodingFailed, "The result has no column \(position); it has \(storage.columnNames.count), counted from 0.")
    }
    return try decode(position, type)
  }

  /// False also when there is no such column.
  public func isNull(_ column: String) -> Bool { storage.columnIndex[column].map { storage.isNull(row, Int32($0)) } ?? false }

  private func decode<T: PostgresDecodable>(_ index: Int, _ type: T.Type) throws(PostgresError) -> T {
    let column = Int32(index)
    if storage.isNull(row, column) {
      guard let value = T.ofNull else {
        throw PostgresError(
          .decodingFailed, "Column \"\(storage.columnNames[index])\" is NULL, but \(T.self) was asked for; ask for an optional.")
      }
      return value
    }
    guard let value = storage.withText(row, column, T.decode) else {
      throw PostgresError(
        .decodingFailed, "Column \"\(storage.columnNames[index])\" (type \(storage.typeID(column))) cannot be read as \(T.self).")
    }
    return value
  }
}

/// Owns a `PGresult`.
///
/// `@unchecked Sendable` is safe because a result is never changed after it was received, and libpq allows reading one from any
/// thread (PostgreSQL manual, "Behavior in Threaded Programs"); the last owner frees it.
final class ResultStorage: @unchecked Sendable {
  private let pointer: OpaquePointer
  let rowCount: Int
  let columnNames: [String]
  let columnIndex: [String: Int]

  init(_ pointer: OpaquePointer) {
    self.pointer = pointer
    rowCount = Int(PQntuples(pointer))
    let names = (0..<PQnfields(pointer)).map { PQfname(pointer, $0).map { String(cString: $0) } ?? "" }
    columnNames = names
    columnIndex = Dictionary(zip(names, names.indices), uniquingKeysWith: { first, _ in first })
  }

  deinit { PQclear(pointer) }

  var commandTag: String { PQcmdStatus(pointer).map { String(cString: $0) } ?? "" }

  func isNull(_ row: Int32, _ column: Int32) -> Bool { PQgetisnull(pointer, row, column) == 1 }
  func typeID(_ column: Int32) -> UInt32 { PQftype(pointer, column) }

  func withText<T>(_ row: Int32, _ column: Int32, _ body: (UnsafeBufferPointer<UInt8>) -> T) -> T {
    let count = Int(PQgetlength(pointer, row, column))
    guard let value = PQgetvalue(pointer, row, column) else { return body(UnsafeBufferPointer(start: nil, count: 0)) }
    return value.withMemoryRebound(to: UInt8.self, capacity: count) { body(UnsafeBufferPointer(start: $0, count: count)) }
  }
}
