import Logging
import Synchronization

/// Collects log lines, for tests of what is logged.
public final class CollectedLog: Sendable {
  public struct Entry: Sendable, Hashable {
    public let level: Logger.Level
    public let message: String
    /// `name=value` in the order of the names.
    public let metadata: [String]
  }

  private let collected = Mutex<[Entry]>([])

  public init() {}

  public var entries: [Entry] { collected.withLock(\.self) }

  /// A logger of every level that writes here.
  public var logger: Logger { Logger(label: "test") { _ in Handler(log: self) } }

  fileprivate func append(_ entry: Entry) { collected.withLock { $0.append(entry) } }

  private struct Handler: LogHandler {
    let log: CollectedLog
    var metadata: Logger.Metadata = [:]
    var logLevel = Logger.Level.trace

    subscript(metadataKey key: String) -> Logger.Metadata.Value? {
      get { metadata[key] }
      set { metadata[key] = newValue }
    }

    func log(event: LogEvent) {
      let all = metadata.merging(event.metadata ?? [:]) { _, new in new }
      log.append(
        Entry(
          level: event.level, message: "\(event.message)", metadata: all.sorted { $0.key < $1.key }.map { "\($0.key)=\($0.value)" }))
    }
  }
}
