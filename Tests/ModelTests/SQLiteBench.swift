import Bridge
import Foundation
import GRDB
import Logging
import SQLiteStore

/// A database file in a folder of its own.
final class SQLiteBench: Bench {
  let order = "rowid"
  let reach = Model.Reach.everybody
  let stores: [any BridgeStore]
  private let folder: URL
  private let hand: DatabaseQueue

  init() async throws {
    // In memory where that is possible: it is not about what is on disk.
    let isInMemory = FileManager.default.isWritableFile(atPath: "/dev/shm")
    let parent = isInMemory ? URL(filePath: "/dev/shm") : FileManager.default.temporaryDirectory
    folder = parent.appending(path: "model-\(UniqueID.make())")
    try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
    let path = folder.path + "/messages.db"
    let options = SQLiteStore.Options(timing: Model.timing)
    stores = (0..<2).map { _ in SQLiteStore(path: path, options: options, logger: Logger(label: "model") { _ in SwiftLogNoOpLogHandler() })
    }
    for store in stores { _ = try await store.agents() }
    hand = try DatabaseQueue(path: path)
  }

  func makeStore(timing: StoreTiming) async throws -> any BridgeStore { stores[0] }

  func executeByHand(_ sql: String) async throws { try await hand.write { try $0.execute(sql: sql) } }

  func queryByHand(_ sql: String) async throws -> [[String?]] {
    try await hand.read { db in
      try Row.fetchAll(db, sql: sql).map { row in row.databaseValues.map { String.fromDatabaseValue($0) } }
    }
  }

  func wipe() async throws {
    let tables = [
      "leases", "lease_items", "messages", "message_details", "tasks", "task_details", "task_events", "sessions", "instances", "agents",
    ]
    try await executeByHand(tables.map { "DELETE FROM \($0);" }.joined())
  }

  func pass(seconds: Int) async throws {
    let columns = [
      "leases": ["expires_at"], "messages": ["created_at"], "message_details": ["read_at", "kept_until"],
      "tasks": ["created_at", "updated_at"],
      "task_details": ["held_until", "news_at"], "task_events": ["at"], "sessions": ["last_seen"], "instances": ["last_seen"],
      "agents": ["added_at", "last_seen"],
    ]
    let updates = columns.flatMap { table, columns in
      columns.map { column in
        let earlier = "strftime('%Y-%m-%dT%H:%M:%fZ', \(column), '-\(seconds) seconds')"
        return "UPDATE \(table) SET \(column) = \(earlier) WHERE \(earlier) IS NOT NULL;"
      }
    }
    try await executeByHand(updates.joined())
  }

  func cleanUp() async {
    try? hand.close()
    for store in stores { await store.close() }
    try? FileManager.default.removeItem(at: folder)
  }
}
