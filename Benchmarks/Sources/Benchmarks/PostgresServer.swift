import CPostgres
import Foundation
import SystemSupport

/// libpq in C calls. For one thread at a time.
final class PostgresServer: @unchecked Sendable {
  private let connection: OpaquePointer

  init(_ url: String) throws {
    connection = PQconnectdb(url)
    guard PQstatus(connection) == CONNECTION_OK else { throw Failure(String(cString: PQerrorMessage(connection))) }
    _ = PQsetErrorVerbosity(connection, PQERRORS_TERSE)
    try run("SET client_min_messages = warning")
  }

  deinit { PQfinish(connection) }

  func run(_ sql: String) throws { try check(PQexec(connection, sql)) }

  func run(_ sql: String, _ values: [String]) throws {
    let pointers = values.map { strdup($0) }
    defer { for pointer in pointers { free(pointer) } }
    try check(PQexecParams(connection, sql, Int32(values.count), nil, pointers.map { UnsafePointer($0) }, nil, nil, 0))
  }

  private func check(_ result: OpaquePointer?) throws {
    defer { PQclear(result) }
    let status = PQresultStatus(result)
    guard status == PGRES_COMMAND_OK || status == PGRES_TUPLES_OK || status == PGRES_COPY_IN else {
      throw Failure(String(cString: PQerrorMessage(connection)))
    }
  }

  /// Lines of COPY's text form.
  func copy(_ sql: String, _ lines: (_ put: (String) throws -> Void) throws -> Void) throws {
    try run(sql)
    var text = ""
    func flush() throws {
      guard PQputCopyData(connection, text, Int32(text.utf8.count)) == 1 else { throw Failure(String(cString: PQerrorMessage(connection))) }
      text.removeAll(keepingCapacity: true)
    }
    try lines { line in
      text += line
      if text.utf8.count > 60_000 { try flush() }
    }
    try flush()
    guard PQputCopyEnd(connection, nil) == 1 else { throw Failure(String(cString: PQerrorMessage(connection))) }
    while let result = PQgetResult(connection) { try check(result) }
  }

  /// Returns when a notification has come.
  func awaitNotification() throws {
    while true {
      guard PQconsumeInput(connection) == 1 else { throw Failure(String(cString: PQerrorMessage(connection))) }
      if let notification = PQnotifies(connection) { return PQfreemem(notification) }
      var descriptors = PollSet()
      descriptors.add(FileDescriptor(rawValue: PQsocket(connection)))
      descriptors.wait(for: .seconds(10))
    }
  }
}

/// The raw floor: a table of messages and nothing else.
struct PostgresFloor: Sendable {
  let server: PostgresServer

  init(_ url: String) throws {
    server = try PostgresServer(url)
    try server.run(
      """
      CREATE TABLE IF NOT EXISTS messages
        (id text PRIMARY KEY, sender text, recipient text, content text, read integer DEFAULT 0, created_at text DEFAULT now())
      """)
  }

  func send(_ content: String) throws {
    try server.run(
      "INSERT INTO messages (id, sender, recipient, content) VALUES ($1, $2, $3, $4)", [randomID(), "code", "cowork", content])
  }

  /// The insert and the notification in one transaction.
  func sendAndNotify(_ content: String) throws {
    try server.run(
      """
      WITH sent AS (INSERT INTO messages (id, sender, recipient, content) VALUES ($1, $2, $3, $4) RETURNING id)
      SELECT pg_notify('raw', '') FROM sent
      """, [randomID(), "code", "cowork", content])
  }
}
