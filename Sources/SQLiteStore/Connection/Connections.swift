import Bridge
import GRDB
import Logging
import Synchronization
import SystemSupport

/// The connections of this process to the database file: one that writes, and one for what reads for long.
///
/// They are opened when first needed, and again when the file at the path was replaced.
final class Connections: Sendable {
  /// The open connections.
  struct Open: Sendable {
    let writer: DatabaseQueue
    let reader = LateReader()
    let file: FileIdentity
    /// Nil where there was none.
    let log: FileIdentity?
    let sync = SyncLevel()
    /// When the wait for locks is over.
    fileprivate(set) var end = ContinuousClock.now
  }

  private struct State {
    var open: Open?
    /// One more for reading. All connections of a process share the index of the log.
    var observer: DatabaseQueue?
    var isEnded = false
  }

  /// The database's path, with links resolved.
  let path: String
  /// How long a call waits for locks of others. The connections themselves do not wait: see ``LockWait``.
  let busyTimeout: Duration
  /// How many use the writing connection, or wait for it.
  let writers = Atomic(0)
  let checkpoints: Checkpoints
  /// Whether the log is going to be emptied.
  let isSettling = Atomic(false)
  private let lastRows = Mutex<LastRows?>(nil)
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

  /// The connections, if they are open and the files are still the same.
  func current() -> Open? {
    guard let open = state.withLock(\.open), open.file == FileIdentity(path: path), !hasOtherLog(open) else { return nil }
    return open
  }

  /// Whether another log than the one that is open is at its path.
  private func hasOtherLog(_ open: Open) -> Bool {
    guard let log = open.log, let present = FileIdentity(path: path + "-wal") else { return false }
    return log != present
  }

  /// The connection for what reads for long.
  func reader(of open: Open) throws -> DatabaseQueue {
    try open.reader.opened {
      // A new connection would make a log where somebody has removed the one that is open.
      if open.log != nil, FileIdentity(path: path + "-wal") == nil { return open.writer }
      return try reader(of: open.file)
    }
  }

  /// One more connection to the open file, for reading, closed with the others.
  func openObserver() throws -> (queue: DatabaseQueue, file: FileIdentity) {
    guard let open = current() else { throw BridgeError(.storeUnavailable, "The database \(path) is not open.") }
    let queue = try reader(of: open.file)
    state.withLock { $0.observer = queue }
    return (queue, open.file)
  }

  func close() {
    let open = state.withLock { state in
      state.isEnded = true
      return state.open.take()
    }
    if let open { close(open) }
  }

  /// Closes connections that are of no use any more, so that the next verb opens new ones.
  func giveUp(_ open: Open) {
    let isCurrent = state.withLock { state in
      guard state.open?.writer === open.writer else { return false }
      state.open = nil
      return true
    }
    if isCurrent { close(open) }
  }

  /// SQLite, when it closes the last connection, writes the log into the file and removes what is at the log's path: not if that is another
  /// log of the same file by now.
  private func close(_ open: Open) {
    let observer = state.withLock { $0.observer.take() }
    func close() { for queue in [observer, open.reader.end(), open.writer] { try? queue?.close() } }
    if open.file == FileIdentity(path: path), hasOtherLog(open) {
      LogOwner.withoutCheckpoint(path: path, close)
    } else {
      close()
    }
  }

  /// What a process finds that looks now and then.
  func found(_ rows: LastRows) {
    let areNew = lastRows.withLock { last in
      defer { last = rows }
      return last != rows
    }
    if areNew { settleLater() }
  }

  /// Call only while `opening` is held.
  private func open() throws -> Open {
    if let open = current() { return open }
    if state.withLock(\.isEnded) {
      throw BridgeError(.storeUnavailable, "The database \(path) was closed, since this process is ending.")
    }
    if let replaced = state.withLock({ $0.open.take() }) {
      logger.notice("the database file was replaced: opening the new one", metadata: ["path": "\(path)"])
      close(replaced)
    }
    for _ in 0..<5 {
      do {
        try StorePath.prepare(path)
        let open = try connect()
        let isEnded = state.withLock { state in
          if !state.isEnded { state.open = open }
          return state.isEnded
        }
        if isEnded { close(open) } else { settleLater() }
        return open
      } catch is FileWasReplaced {}
    }
    throw FileWasReplaced().described(path: path)
  }

  private func connect() throws -> Open {
    let writer = try openWriter()
    let file = try writer.unsafeRead { try LogOwner.openFile($0, path: path).identity }
    try Migrator.migrate(writer, path: path, logger: logger)
    try writer.unsafeRead { try checkpoints.recordOwner($0) }
    WriteAheadLogFault.report(logger)
    return Open(writer: writer, file: file, log: FileIdentity(path: path + "-wal"))
  }

  /// Opens the file and the log that belongs to it.
  private func openWriter() throws -> DatabaseQueue {
    // SQLite gives them the mode that the database has when they are created. It may have been mended since.
    for suffix in ["-wal", "-shm"] { FileDescriptor.giveRights(of: path, to: path + suffix) }
    return try whileNobodyOpens { record in
      let writer = try queue { [path, logger, checkpoints] db in
        _ = try LogOwner.openFile(db, path: path)
        if let record, try LogOwner.isLogForeign(db, path: path, record: record) { try LogOwner.setLogAside(path: path, logger: logger) }
        checkpoints.watch(db)
      }
      if let record { try writer.unsafeRead { try LogOwner($0, path: path).write(to: record) } }
      return writer
    }
  }

  private func reader(of file: FileIdentity) throws -> DatabaseQueue {
    try whileNobodyOpens { _ in
      try queue { [path] db in
        guard try LogOwner.openFile(db, path: path).identity == file else { throw FileWasReplaced() }
        try db.execute(sql: "PRAGMA query_only = 1")
      }
    }
  }

  /// Opens a connection. Two processes that open the files before and after a replacement must not find each other's log at its path.
  ///
  /// - Parameter open: is given the record of the log's owner; nil where the lock cannot be had, as in a folder without rights.
  private func whileNobodyOpens(_ open: (_ record: FileDescriptor?) throws -> DatabaseQueue) throws -> DatabaseQueue {
    try FileDescriptor.withLock(SidecarFiles.logOwner(of: path), of: path, waitingFor: .seconds(2), open) ?? open(nil)
  }

  /// - Parameter prepare: what precedes the first transaction, which opens the log.
  private func queue(_ prepare: @escaping @Sendable (Database) throws -> Void) throws -> DatabaseQueue {
    var configuration = Configuration()
    configuration.busyMode = .immediateError
    configuration.foreignKeysEnabled = false
    configuration.label = "cowork-bridge.sqlite"
    configuration.prepareDatabase { db in
      try prepare(db)
      try db.execute(sql: "PRAGMA synchronous = FULL; PRAGMA fullfsync = 1; PRAGMA cache_size = -2000")
      try db.execute(sql: "PRAGMA journal_size_limit = \(LogFile.sizeLimit)")
    }
    return try DatabaseQueue(path: path, configuration: configuration)
  }
}

/// A connection that is opened when it is first asked for: commands do without it.
final class LateReader: Sendable {
  private struct State {
    var queue: DatabaseQueue?
    var hasEnded = false
  }

  private let state = Mutex(State())

  fileprivate func opened(by open: () throws -> DatabaseQueue) throws -> DatabaseQueue {
    try state.withLock { state in
      if let queue = state.queue { return queue }
      if state.hasEnded { throw FileWasReplaced() }
      let queue = try open()
      state.queue = queue
      return queue
    }
  }

  /// - Returns: what is to be closed.
  fileprivate func end() -> DatabaseQueue? {
    state.withLock { state in
      state.hasEnded = true
      return state.queue.take()
    }
  }
}
