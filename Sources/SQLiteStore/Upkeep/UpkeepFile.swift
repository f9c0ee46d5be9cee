#if canImport(Glibc)
  import Glibc
#elseif canImport(Musl)
  import Musl
#else
  import Darwin
#endif

/// The file beside the database that keeps apart what processes do for its upkeep: one at a time holds its lock, and its time of modification
/// is when the last checkpoint ended. The lock of a process that dies is let go by the kernel.
struct UpkeepFile: Sendable {
  let path: String

  init(database: String) { path = database + "-upkeep" }

  /// Carries out a body unless another process has the lock.
  ///
  /// - Returns: nil when another one has it, or when there can be no such file.
  func ifFree<Value>(_ body: (Held) throws -> Value) rethrows -> Value? {
    let descriptor = open(path, O_RDWR | O_CREAT | O_CLOEXEC, 0o600)
    guard descriptor >= 0 else { return nil }
    defer { close(descriptor) }
    guard flock(descriptor, LOCK_EX | LOCK_NB) == 0 else { return nil }
    // Closing is not enough: a child that another thread is just starting has the descriptor as well, until it carries out its program.
    defer { flock(descriptor, LOCK_UN) }
    return try body(Held(descriptor: descriptor))
  }

  /// The file while its lock is held.
  struct Held {
    let descriptor: Int32

    /// Seconds since the last checkpoint ended; infinite before the first. A clock that was set back counts as long ago.
    var secondsSinceCheckpoint: Double {
      var info = stat()
      guard fstat(descriptor, &info) == 0, info.st_size > 0 else { return .infinity }
      var now = timespec()
      clock_gettime(CLOCK_REALTIME, &now)
      #if canImport(Darwin)
        let then = info.st_mtimespec
      #else
        let then = info.st_mtim
      #endif
      let seconds = Double(now.tv_sec - then.tv_sec) + Double(now.tv_nsec - then.tv_nsec) / 1e9
      return seconds < 0 ? .infinity : seconds
    }

    func noteCheckpoint() {
      var byte: UInt8 = 1
      _ = pwrite(descriptor, &byte, 1, 0)
    }
  }
}
