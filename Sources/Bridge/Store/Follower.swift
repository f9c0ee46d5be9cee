import SystemSupport

/// Shows a transcript: what there is, and then each entry as it is written.
public struct Follower: Sendable {
  let store: any BridgeStore
  let reader: any TranscriptReader
  let show: @Sendable ([TranscriptEntry]) async throws -> Void
  /// Told once when the store has gone away, and with nil when it is back.
  public var availability: @Sendable (BridgeError?) -> Void = { _ in }

  public init(
    store: any BridgeStore, reader: any TranscriptReader, show: @escaping @Sendable ([TranscriptEntry]) async throws -> Void
  ) {
    (self.store, self.reader, self.show) = (store, reader, show)
  }

  /// - Parameter begun: called once what there was has been shown, and nothing more is missed.
  /// - Returns: why it cannot go on: the store could not be read at first or is too new, or the entries cannot be shown.
  public func run(begun: () -> Void = {}) async -> any Error {
    do {
      while try await !store.exists() { try await Task.pause(for: .milliseconds(200)) }
      // Subscribe before the first look, so that nothing is missed, and not before there is a store: a subscription may make one.
      let wakeUps = store.wakeUpsForAll()
      try await showNew()
      begun()
      for await _ in wakeUps { try await showNewPatiently() }
      return CancellationError()
    } catch { return error }
  }

  private func showNew() async throws {
    while true {
      try await store.requireExistence()
      let page = try await reader.next()
      if !page.entries.isEmpty { try await show(page.entries) }
      if !page.more { return }
    }
  }

  /// Waits for a store that has gone away.
  private func showNewPatiently() async throws {
    var isLost = false
    while true {
      do {
        try await showNew()
        if isLost { availability(nil) }
        return
      } catch let error as BridgeError {
        // When watching ends, the store is closed while it is read.
        if Task.isCancelled || error.code == .storeTooNew { throw error }
        if !isLost { availability(error) }
        isLost = true
        try await Task.pause(for: .seconds(1))
      }
    }
  }
}
