import Logging
import Synchronization

/// What was logged, and a way to await it.
final class WatchedLog: Sendable {
  struct Entry: Sendable {
    let level: Logger.Level
    /// The message, and its metadata as `name=value`.
    let text: String
  }

  private struct State {
    var entries: [Entry] = []
    var waiters: [(text: String, count: Int, continuation: CheckedContinuation<Void, Never>)] = []
  }

  private let state = Mutex(State())

  var entries: [Entry] { state.withLock(\.entries) }
  var logger: Logger { Logger(label: "test") { _ in Handler(log: self) } }

  func count(of text: String) -> Int { entries.filter { $0.text.contains(text) }.count }

  /// Returns when this has been logged so many times.
  func hears(_ text: String, times: Int = 1) async {
    await withCheckedContinuation { continuation in
      let isOver = state.withLock { state in
        if state.entries.filter({ $0.text.contains(text) }).count >= times { return true }
        state.waiters.append((text, times, continuation))
        return false
      }
      if isOver { continuation.resume() }
    }
  }

  private func append(_ entry: Entry) {
    let ready = state.withLock { state in
      state.entries.append(entry)
      func isReady(_ text: String, _ count: Int) -> Bool { state.entries.filter { $0.text.contains(text) }.count >= count }
      let ready = state.waiters.filter { isReady($0.text, $0.count) }
      state.waiters.removeAll { isReady($0.text, $0.count) }
      return ready
    }
    for waiter in ready { waiter.continuation.resume() }
  }

  private struct Handler: LogHandler {
    let log: WatchedLog
    var metadata: Logger.Metadata = [:]
    var logLevel = Logger.Level.trace

    subscript(metadataKey key: String) -> Logger.Metadata.Value? {
      get { metadata[key] }
      set { metadata[key] = newValue }
    }

    func log(event: LogEvent) {
      let details = (event.metadata ?? [:]).sorted { $0.key < $1.key }.map { "\($0.key)=\($0.value)" }
      log.append(Entry(level: event.level, text: ([event.message.description] + details).joined(separator: " ")))
    }
  }
}
