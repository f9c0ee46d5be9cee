import Bridge
import BridgeTesting
import Foundation
import Logging
import SQLiteStore
import Synchronization

/// A database file in a temporary folder.
final class SQLiteHarness: StoreHarness {
  let folder: TemporaryFolder
  private let made = Mutex<[SQLiteStore]>([])

  init() throws { folder = try TemporaryFolder() }

  /// `messages.db` in a folder that the first store creates.
  var path: String { folder.path + "/bridge/messages.db" }

  func makeStore(timing: StoreTiming) async throws -> any BridgeStore {
    let store = SQLiteStore(path: path, options: .init(timing: timing), logger: .silent)
    // As at the start of a process: creates the file.
    _ = try await store.agents()
    made.withLock { $0.append(store) }
    return store
  }

  func executeByHand(_ sql: String) async throws { try await SQLiteShell(path).run(sql) }

  func queryByHand(_ sql: String) async throws -> [[String?]] { try await SQLiteShell(path).rows(sql) }

  func cleanUp() async {
    for store in made.withLock(\.self) { await store.close() }
    folder.remove()
  }
}

extension Logger {
  static let silent = Logger(label: "test") { _ in SwiftLogNoOpLogHandler() }
}

/// A folder that is removed with the last reference.
final class TemporaryFolder: Sendable {
  let path: String

  init() throws {
    let url = FileManager.default.temporaryDirectory.appending(path: "cowork-\(UniqueID.make())")
    try FileManager.default.createDirectory(at: url, withIntermediateDirectories: true)
    path = url.path
  }

  func remove() { try? FileManager.default.removeItem(atPath: path) }

  deinit { remove() }
}
