import Bridge
import GRDB
import Synchronization
import SystemSupport

/// Signs of others that use the database: verbs that wait for its lock, commits, and programs that open it.
final class Bystanders: Sendable {
  private struct Seen {
    var version: Int64?
    var openings: OpenWatch?
  }

  private let path: String
  private let doorbell: String
  private let seen = Mutex(Seen())

  init(path: String) {
    self.path = path
    doorbell = SidecarFiles.doorbell(of: path)
  }

  /// To be called before long work.
  func watch() { seen.withLock { if $0.openings == nil { $0.openings = try? OpenWatch(path: path) } } }

  /// To be called after it.
  func rest() { seen.withLock { $0 = Seen() } }

  /// Whether anybody was seen since the last call.
  ///
  /// - Parameter version: `PRAGMA data_version` of the connection that does the work.
  func areDisturbed(_ version: Int64?) -> Bool {
    let isSeen = seen.withLock { seen in
      defer { seen.version = version }
      let hasCommitted = seen.version != nil && seen.version != version
      return seen.openings?.wasOpened() == true || hasCommitted
    }
    return isSeen || FileDescriptor.withLock(doorbell, of: path) { _ in } == nil
  }
}

extension SQLiteStore {
  /// One portion of work that takes long, in a transaction. Waits first, if others are at work.
  ///
  /// - Parameters:
  ///   - isInBackground: whether nobody waits for the work, which then need not survive a power cut.
  ///   - body: does some of the work, and more of it until the portion is over.
  func writePortion<Value: Sendable>(
    isInBackground: Bool = false, wakes: (Value) -> Bool = { _ in false }, _ body: (Database, Portion) throws -> Value
  ) async throws(BridgeError) -> Value {
    try await portion(isInBackground) { open, work in
      try write(open, durable: !isInBackground, wakes: wakes) { db in try body(db, work()) }
    }
  }

  /// The same for work that only reads. Beside a log it holds up nobody, and has no limit.
  func readPortion<Value: Sendable>(_ body: (Database, Portion) throws -> Value) async throws(BridgeError) -> Value {
    try await portion { open, work in
      try read(open) { db in try body(db, db.value("PRAGMA journal_mode") == "wal" ? Portion() : work()) }
    }
  }

  private func portion<Value: Sendable>(
    _ isInBackground: Bool = false, _ transaction: (Connections.Open, _ begin: () -> Portion) throws -> Value
  ) async throws(BridgeError) -> Value {
    if let next = pacer.withLock(\.next) { try? await Task.pause(until: next) }
    return try await visit { open in
      bystanders.watch()
      var start: ContinuousClock.Instant?
      defer {
        if let start {
          // Behind the checkpoint that the commit may have asked for, which holds the lock as well.
          let version: Int64?? = try? open.writer.unsafeRead { try $0.value("PRAGMA data_version") }
          let end = ContinuousClock.now
          let isDisturbing = bystanders.areDisturbed(version ?? nil) || connections.writers.load(ordering: .relaxed) > 0
          pacer.withLock { $0.ended(from: start, to: end, isDisturbing: isDisturbing, isInBackground: isInBackground) }
        }
      }
      return try transaction(open) {
        let now = ContinuousClock.now
        start = now
        return Portion(end: now + pacer.withLock(\.work))
      }
    }
  }
}
