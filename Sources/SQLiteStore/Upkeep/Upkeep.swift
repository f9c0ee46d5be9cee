import Bridge
import Synchronization

/// The background work of this process on the file.
final class Upkeep: Sendable {
  /// How many rows may be missing in the text index.
  static let rowsBehind = 200

  let file: UpkeepFile
  private let isIndexing = Atomic(false)

  init(file: UpkeepFile) { self.file = file }

  /// Runs a body unless one is running in this process.
  func index(_ body: () async throws -> Void) async rethrows {
    guard !isIndexing.exchange(true, ordering: .acquiringAndReleasing) else { return }
    defer { isIndexing.store(false, ordering: .releasing) }
    try await body()
  }
}

extension SQLiteStore {
  /// Adds to the text index in the background.
  func indexLater() {
    Task { [weak self] in await self?.index() }
  }

  /// Adds the missing rows to the text index, in portions, with pauses as long as each portion took. If another process is indexing or this
  /// fails, a later call does it.
  func index() async {
    do {
      try await upkeep.index {
        var remains = try await read { try TextIndex.rowsBehind($0) >= Upkeep.rowsBehind }
        let clock = ContinuousClock()
        while remains {
          let start = clock.now
          remains = try await write(durable: false) { [upkeep] db in
            try upkeep.file.ifFree { _ in try TextIndex.addPortion(db) } ?? false
          }
          try await Task.sleep(for: clock.now - start)
        }
      }
    } catch {
      logger.debug("indexing postponed", metadata: ["error": "\(error)"])
    }
  }
}
