import Bridge
import Synchronization

/// What this process does for the file beside its verbs.
final class Upkeep: Sendable {
  /// So many rows may be missing in the text index before they are added.
  static let rowsBehind = 200

  private let isIndexing = Atomic(false)
  private let rowsWritten = Atomic(0)

  /// Whether enough messages were sent that the text index should get them; counted from the last time.
  func noteMessage() -> Bool {
    guard rowsWritten.add(1, ordering: .relaxed).newValue >= Self.rowsBehind else { return false }
    rowsWritten.store(0, ordering: .relaxed)
    return true
  }

  /// Carries out a body unless this process is at it.
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

  /// Adds to the text index what it does not hold, in portions, and leaves as much time between them as they take. Where another process is at
  /// it, that one does it; where it fails, the next one does.
  func index() async {
    do {
      try await upkeep.index {
        var remains = try await read { try TextIndex.rowsBehind($0) >= Upkeep.rowsBehind }
        let clock = ContinuousClock()
        while remains {
          let start = clock.now
          remains = try await write(.never, outliving: .processes) { [connections] db in
            try connections.upkeepFile.ifFree { _ in try TextIndex.addPortion(db) } ?? false
          }
          try await Task.sleep(for: clock.now - start)
        }
      }
    } catch {
      logger.debug("the text index is filled later", metadata: ["error": "\(error)"])
    }
  }
}
