import Bridge
import Dispatch
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

    fileprivate func close() {
      try? reader.close()
      try? writer.close()
    }
  }

  private enum State {
    case closed
    case open(Open)
    case ended
  }

  /// The database's path, with links resolved.
  let path: String
  let busyTimeout: Duration
  let upkeepFile: UpkeepFile
  let logSize = WriteAheadLogSize()
  /// How many use the writing connection, or wait for it.
  let writers = Atomic(0)
  private let logger: Logger
  private let state = Mutex(State.closed)
  /// Serializes opening.
  private let openingQueue = DispatchQueue(label: "cowork-bridge.sqlite.open")

  init(path: String, busyTimeout: Duration, logger: Logger) {
    self.path = FileSystem.resolved(path)
    self.upkeepFile = UpkeepFile(database: self.path)
    self.busyTimeout = busyTimeout
    self.logger = logger
  }

  /// The connections, opened if necessary. Opening blocks: not to be called on the threads of Swift concurrency.
  func opened() throws -> Open {
    if let open = current() { return open }
    return try openingQueue.sync { try open() }
  }

  /// The connections, if they are open and the file is still the same.
  func current() -> Open? {
    state.withLock { state in
      guard case .open(let open) = state, FileIdentity(path: path) == open.file else { return nil }
      return open
    }
  }

  /// One more connection to the open file, for reading.
  func extraReader() throws -> (queue: DatabaseQueue, file: FileIdentity) {
    guard let open = current() else { throw BridgeError(.storeUnavailable, "The database \(path) is not open.") }
    return (try DatabaseQueue(path: path, configuration: configuration(reading: true, busyTimeout: .zero)), open.file)
  }

  func close() {
    let open = state.withLock { state -> Open? in
      defer { state = .ended }
      guard case .open(let open) = state else { return nil }
      return open
    }
    open?.close()
  }

  /// Call only on the opening queue.
  private func open() throws -> Open {
    if let open = current() { return open }
    if state.withLock({ if case .ended = $0 { true } else { false } }) {
      throw BridgeError(.storeUnavailable, "The database \(path) was closed, since this process is ending.")
    }
    leaveReplaced()
    try StorePath.prepare(path)
    let writer = try DatabaseQueue(path: path, configuration: configuration(reading: false, busyTimeout: busyTimeout))
    try Migrator.migrate(writer, path: path, logger: logger)
    let reader = try DatabaseQueue(path: path, configuration: configuration(reading: true, busyTimeout: busyTimeout))
    try reader.unsafeRead { db in try WriteAheadLogFault.report(db, logger: logger) }
    guard let file = FileIdentity(path: path) else {
      throw BridgeError(.storeUnavailable, "The database \(path) was removed while it was being opened: call again.")
    }
    let open = Open(writer: writer, reader: reader, file: file, sidecars: SidecarFiles(database: path))
    let ended = state.withLock { state in
      if case .ended = state { return true }
      state = .open(open)
      return false
    }
    if ended { open.close() }
    return open
  }

  /// Closes a file that is no longer the one at the path.
  private func leaveReplaced() {
    let replaced = state.withLock { state -> Open? in
      guard case .open(let open) = state else { return nil }
      state = .closed
      return open
    }
    guard let replaced else { return }
    logger.notice("the database file was replaced: opening the new one", metadata: ["path": "\(path)"])
    replaced.sidecars.removeStale()
    replaced.close()
  }

  private func configuration(reading: Bool, busyTimeout: Duration) -> Configuration {
    var configuration = Configuration()
    configuration.busyMode = busyTimeout == .zero ? .immediateError : .timeout(busyTimeout.inSeconds)
    configuration.foreignKeysEnabled = false
    configuration.label = "cowork-bridge.sqlite"
    configuration.prepareDatabase { [logSize] db in
      try db.execute(sql: "PRAGMA synchronous = FULL; PRAGMA cache_size = -2000")
      if reading { try db.execute(sql: "PRAGMA query_only = 1") } else { logSize.watch(db) }
    }
    return configuration
  }
}
