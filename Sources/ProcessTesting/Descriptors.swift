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
  public static func make(_ make: () -> Int32) -> Int32 {
    lock.withLock { _ in
      let descriptor = make()
      if descriptor >= 0 { _ = fcntl(descriptor, F_SETFD, FD_CLOEXEC) }
      return descriptor
    }
  }

  public static func makePipe() throws(TestingError) -> (read: Int32, write: Int32) {
    let ends = try makePair("pipe") { pipe(&$0) }
    return (ends.0, ends.1)
  }

  /// Two ends of a stream that goes both ways.
  public static func makeSocketPair() throws(TestingError) -> (Int32, Int32) {
    #if canImport(Glibc)
      let stream = Int32(SOCK_STREAM.rawValue)
    #else
      let stream = SOCK_STREAM
    #endif
    return try makePair("pair of sockets") { socketpair(AF_UNIX, stream, 0, &$0) }
  }

  private static func makePair(_ name: String, _ make: (inout [Int32]) -> Int32) throws(TestingError) -> (Int32, Int32) {
    let (ends, number) = lock.withLock { _ -> ([Int32]?, Int32) in
      var ends: [Int32] = [-1, -1]
      guard make(&ends) == 0 else { return (nil, errno) }
      for end in ends { _ = fcntl(end, F_SETFD, FD_CLOEXEC) }
      return (ends, 0)
    }
    guard let ends else { throw TestingError("cannot make a \(name): \(String(cString: strerror(number)))") }
    return (ends[0], ends[1])
  }
}
