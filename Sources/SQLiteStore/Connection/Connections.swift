import Bridge
import GRDB
import Logging
import Synchronization
import SystemSupport

/// The connections of this process to the database file: one that writes, one that reads.
///
/// They are opened when first needed, and again when the file at the path was replaced.
final class Connections: Sendable {
  /// The open connections.
  struct Open: Sendable {
    let writer: DatabaseQueue
    let reader: DatabaseQueue
    let file: FileIdentity
    let sidecars: SidecarFiles
    /// When the wait for locks is over.
    fileprivate(set) var end = ContinuousClock.now

    fileprivate func close() {
      try? reader.close()
      try? writer.close()
    }
  }

  private struct State {
    var open: Open?
    var isEnded = false
  }

  /// The database's path, with links resolved.
  let path: String
  /// How long a call waits for locks of others. The connections themselves do not wait: see ``LockWait``.
  let busyTimeout: Duration
  /// How many use the writing connection, or wait for it.
  let writers = Atomic(0)
  private let checkpoints: Checkpoints
  private let logger: Logger
  private let state = Mutex(State())
  /// Held while a file is opened.
  private let opening = Mutex(())

  /// - Parameter path: without links.
  init(path: String, busyTimeout: Duration, checkpoints: Checkpoints, logger: Logger) {
    (self.path, self.busyTimeout, self.checkpoints, self.logger) = (path, busyTimeout, checkpoints, logger)
  }

  /// The connections, opened if necessary. Opening blocks: not to be called on the threads of Swift concurrency.
  ///
  /// - Parameter end: of the wait for locks.
  func opened(until end: ContinuousClock.Instant) throws -> Open {
    var opened = try current() ?? opening.withLock { _ in try open() }
    opened.end = end
    return opened
  }

  /// The connections, if they are open and the file is still the same.
  func current() -> Open? {
    let open = state.withLock(\.open)
    return open?.file == FileIdentity(path: path) ? open : nil
  }

  /// One more connection to the open file, for reading.
  func extraReader() throws -> (queue: DatabaseQueue, file: FileIdentity) {
    guard let open = current() else { throw BridgeError(.storeUnavailable, "The database \(path) is not open.") }
    return (try DatabaseQueue(path: path, configuration: configuration(reading: true)), open.file)
  }

  func close() {
    let open = state.withLock { state in
      state.isEnded = true
      return state.open.take()
    }
    open?.close()
  }

  /// Call only while `opening` is held.
  private func open() throws -> Open {
    if let open = current() { return open }
    if state.withLock(\.isEnded) {
      throw BridgeError(.storeUnavailable, "The database \(path) was closed, since this process is ending.")
    }
    leaveReplaced()
    try StorePath.prepare(path)
    let writer = try DatabaseQueue(path: path, configuration: configuration(reading: false))
    try Migrator.migrate(writer, path: path, logger: logger)
    let reader = try DatabaseQueue(path: path, configuration: configuration(reading: true))
    WriteAheadLogFault.report(logger)
    guard let file = FileIdentity(path: path) else {
      throw BridgeError(.storeUnavailable, "The database \(path) was removed while it was being opened: call again.")
    }
    let open = Open(writer: writer, reader: reader, file: file, sidecars: SidecarFiles(database: path))
    let isEnded = state.withLock { state in
      if !state.isEnded { state.open = open }
      return state.isEnded
    }
    if isEnded { open.close() }
    return open
  }

  /// Closes a file that is no longer the one at the path.
  private func leaveReplaced() {
    guard let replaced = state.withLock({ $0.open.take() }) else { return }
    logger.notice("the database file was replaced: opening the new one", metadata: ["path": "\(path)"])
    replaced.sidecars.removeStale()
    replaced.close()
  }

  private func configuration(reading: Bool) -> Configuration {
    var configuration = Configuration()
    configuration.busyMode = .immediateError
    configuration.foreignKeysEnabled = false
    configuration.label = "cowork-bridge.sqlite"
    configuration.prepareDatabase { [checkpoints] db in
      try db.execute(sql: "PRAGMA synchronous = FULL; PRAGMA cache_size = -2000")
      if reading { try db.execute(sql: "PRAGMA query_only = 1") } else { checkpoints.watch(db) }
    }
    return configuration
  }
}
