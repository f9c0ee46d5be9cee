import Synchronization

#if canImport(Darwin)
  import Darwin
#elseif canImport(Musl)
  import Musl
#else
  import Glibc
#endif

/// Makes descriptors that no child inherits, and starts children only in between: a child that held our end of a pipe or a socket
/// would keep the other side from seeing its end.
public enum Descriptors {
  private static let lock = Mutex(())

  /// For what makes descriptors or starts children by other means than those here.
  public static func whileNothingIsMade<T>(_ body: () throws -> T) rethrows -> T {
    try lock.withLock { _ in try body() }
  }

  /// The result of `make`, closed on exec; -1 stays.
  static func make(_ make: () -> Int32) -> Int32 {
    lock.withLock { _ in
      let descriptor = make()
      if descriptor >= 0 { _ = fcntl(descriptor, F_SETFD, FD_CLOEXEC) }
      return descriptor
    }
  }

  public static func makePipe() throws(TestingError) -> (read: Int32, write: Int32) {
    let ends = lock.withLock { _ -> [Int32]? in
      var ends: [Int32] = [-1, -1]
      guard pipe(&ends) == 0 else { return nil }
      for end in ends { _ = fcntl(end, F_SETFD, FD_CLOEXEC) }
      return ends
    }
    guard let ends else { throw TestingError("cannot make a pipe (errno \(errno))") }
    return (ends[0], ends[1])
  }
}
