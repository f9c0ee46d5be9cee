import Bridge
import Synchronization
import SystemSupport

extension SQLiteStore {
  /// How many rows may be missing in the text index.
  private static let rowsBehind = 200

  /// Adds to the text index in the background.
  func indexLater() {
    Task { [weak self] in await self?.index() }
  }

  /// Adds the missing rows to the text index, in portions, with pauses as long as each portion took. If another process is indexing or this
  /// fails, a later call does it.
  func index() async {
    guard !isIndexing.exchange(true, ordering: .acquiringAndReleasing) else { return }
    defer { isIndexing.store(false, ordering: .releasing) }
    let file = SidecarFiles.upkeep(of: connections.path)
    do {
      var remains = try await read { try TextIndex.rowsBehind($0) >= Self.rowsBehind }
      while remains {
        let start = ContinuousClock.now
        remains = try await write(durable: false) { db in
          try FileDescriptor.withLock(file, waits: false) { _ in try TextIndex.addPortion(db) } ?? false
        }
        try await Task.sleep(for: ContinuousClock.now - start)
      }
    } catch {
      logger.debug("indexing postponed", metadata: ["error": "\(error)"])
    }
  }
}
