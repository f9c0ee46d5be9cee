import Bridge
import BridgeTesting
import Foundation
import Logging
import SQLiteStore
import Testing

/// A database file and stores on it, for tests of what is specific to SQLite.
final class Database: Sendable {
  let folder: TemporaryFolder
  let path: String
  let code = Instance(agent: .code)
  let cowork = Instance(agent: .cowork)
  private let stores = Shared([SQLiteStore]())

  /// - Parameter name: below the folder.
  init(_ name: String = "messages.db") throws {
    folder = try TemporaryFolder()
    path = folder.path + "/" + name
  }

  var shell: SQLiteShell { SQLiteShell(path) }

  func store(_ options: SQLiteStore.Options = .init(), logger: Logger = .silent) -> SQLiteStore {
    let store = SQLiteStore(path: path, options: options, logger: logger)
    stores.change { $0.append(store) }
    return store
  }

  /// A store whose file is open.
  func openStore(_ options: SQLiteStore.Options = .init()) async throws -> SQLiteStore {
    let store = store(options)
    _ = try await store.agents()
    return store
  }

  func write(_ bytes: String, to name: String? = nil) throws {
    try Data(bytes.utf8).write(to: URL(fileURLWithPath: name.map { folder.path + "/" + $0 } ?? path))
  }

  func mode(of path: String) throws -> Int? {
    (try FileManager.default.attributesOfItem(atPath: path)[.posixPermissions] as? NSNumber)?.intValue
  }

  /// Closes everything that uses the file.
  func close() async { for store in stores.value { await store.close() } }
}

extension SQLiteStore {
  func send(_ content: String) async throws -> SendReceipt {
    try await send(NewMessage(sender: .cowork, recipient: .code, content: content))
  }

  func look() async throws -> [String?] {
    try await take(TakeRequest(agent: .code, limit: 200, instance: nil)).messages.map(\.content)
  }
}

/// Runs a body with a database, and closes it afterwards.
func withDatabase(_ name: String = "messages.db", _ body: (Database) async throws -> Void) async throws {
  let database = try Database(name)
  do { try await body(database) } catch {
    await database.close()
    throw error
  }
  await database.close()
}

extension Database {
  /// Runs a body while another connection holds a write transaction.
  ///
  /// - Parameter body: is given the pid of the program that holds the lock.
  func whileLocked(_ body: (Int32) async throws -> Void) async throws {
    let shell = try TestProgram("sqlite3", ["-batch", path])
    defer { _ = shell.finish() }
    shell.write("BEGIN IMMEDIATE; SELECT 'locked';\n")
    #expect(shell.read() == "locked\n")
    try await body(shell.pid)
  }
}
