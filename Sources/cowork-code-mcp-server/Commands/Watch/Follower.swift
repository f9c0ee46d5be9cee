import Bridge
import Logging

/// Tells what was, and then what happens, for as long as it is let.
struct Follower: Sendable {
  let store: any BridgeStore
  let reader: any TranscriptReader
  let printer: any EntryPrinter
  let logger: Logger

  /// - Returns: why it cannot go on: the store could not be read at the beginning or is too new, or the output cannot be written.
  func run() async -> any Error {
    // Subscribe, then look, then wait.
    let wakeUps = store.wakeUpsForAll()
    var hints = wakeUps.makeAsyncIterator()
    if let error = await tellAll() { return error }
    logger.debug("following")
    while await hints.next() != nil {
      if let error = await tellAllPatiently() { return error }
    }
    return CancellationError()
  }

  private func tellAll() async -> (any Error)? {
    while true {
      let page: TranscriptPage
      do { page = try await reader.next() } catch { return error }
      if !page.entries.isEmpty {
        do { try await printer.print(page.entries) } catch { return error }
      }
      if !page.more { return nil }
    }
  }

  /// Waits for a store that has gone away, and says so once.
  private func tellAllPatiently() async -> (any Error)? {
    var isLost = false
    while true {
      guard let error = await tellAll() else {
        if isLost { StandardStreams.writeError("The store is back.\n") }
        return nil
      }
      // At the end the store is closed below this.
      guard !Task.isCancelled, let failure = error as? BridgeError, failure.code != .storeTooNew else { return error }
      if !isLost { StandardStreams.writeError("\(failure.message.harmless)\nWaiting until it is back.\n") }
      isLost = true
      do { try await Task.sleep(for: .seconds(1)) } catch { return error }
    }
  }
}
