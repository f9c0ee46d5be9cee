import Bridge
import Foundation
import GRDB
import SystemSupport

/// The wait for locks of other connections. It happens outside of the connections, so that no verb queues behind the wait of another one.
struct LockWait {
  /// In milliseconds, about as SQLite itself does it.
  private static let pauses = [1, 2, 5, 10, 15, 20, 25]

  let end: ContinuousClock.Instant
  /// The lock of its doorbell is shared meanwhile, as a sign for long work of other processes.
  private let database: String?
  private var sign: SharedLock?
  private var count = 0

  init(until end: ContinuousClock.Instant, database: String? = nil) { (self.end, self.database) = (end, database) }

  /// Pauses the thread. False if the time is over.
  mutating func pause() -> Bool {
    guard ContinuousClock.now < end else { return false }
    let longest = Double(Self.pauses[min(count, Self.pauses.count - 1)]) / 1000
    count += 1
    if sign == nil { sign = database.flatMap { SharedLock(SidecarFiles.doorbell(of: $0), of: $0) } }
    // Not all at the same time.
    Thread.sleep(forTimeInterval: .random(in: longest / 2...longest))
    return true
  }
}

extension DatabaseError {
  /// Another connection, or another verb that has just closed this one, was in the way, and nothing was done.
  var isPassing: Bool { [.SQLITE_BUSY, .SQLITE_LOCKED, .SQLITE_MISUSE].contains(resultCode) }
}

/// Other programs that write, or have locked the database for themselves.
enum LockHolders {
  /// Such as `sqlite3 (process 4711)`.
  static func described(of path: String) -> String {
    // Where SQLite locks: the writer's byte of the log's index, and the pending, the reserved and the shared bytes of the database.
    let places: [(path: String, bytes: ClosedRange<UInt64>)] = [(path + "-shm", 120...120), (path, 0x4000_0000...0x4000_01FF)]
    var known: [String] = []
    for place in places {
      guard let file = FileIdentity(path: place.path) else { continue }
      for (name, pid) in FileLocks.writers(of: file, at: place.bytes) where pid != ProcessIdentity.current.pid {
        known.append("\(name) (process \(pid))")
      }
    }
    return known.isEmpty ? "Another program" : known.joined(separator: " and ")
  }
}
