import Bridge
import Logging

/// Shows a transcript: what there is, and then each entry as it is written.
struct Follower: Sendable {
  let store: any BridgeStore
  let reader: any TranscriptReader
  let logger: Logger
  let show: @Sendable ([TranscriptEntry]) async throws -> Void

  /// - Returns: why it cannot go on: the store could not be read at first or is too new, or the output cannot be written.
  func run() async -> any Error {
    // Subscribe before the first look, so that nothing is missed.
    let wakeUps = store.wakeUpsForAll()
    do {
      try await showNew()
      logger.debug("following")
      for await _ in wakeUps { try await showNewPatiently() }
      return CancellationError()
    } catch { return error }
  }

  private func showNew() async throws {
    while true {
      let page = try await reader.next()
      if !page.entries.isEmpty { try await show(page.entries) }
      if !page.more { return }
    }
  }

  /// Waits for a store that has gone away, and says so once.
  private func showNewPatiently() async throws {
    var isLost = false
    while true {
      do {
        try await showNew()
        if isLost { StandardStreams.writeError("The store is back.\n") }
        return
      } catch let error as BridgeError {
        // When watching ends, the store is closed while it is read.
        if Task.isCancelled || error.code == .storeTooNew { throw error }
        if !isLost { StandardStreams.writeError("\(error.message.harmless)\nWaiting until it is back.\n") }
        isLost = true
        try await Task.sleep(for: .seconds(1))
      }
    }
  }
}
