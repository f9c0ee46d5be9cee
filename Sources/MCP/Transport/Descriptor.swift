#if canImport(Glibc)
  import Glibc
#elseif canImport(Darwin)
  import Darwin
#elseif canImport(Musl)
  import Musl
#endif

/// An error of the operating system.
public struct SystemError: Error, Hashable, Sendable, CustomStringConvertible {
  /// The function that failed.
  public let function: String
  /// `errno`.
  public let number: Int32

  init(_ function: String) {
    self.function = function
    number = errno
  }

  public var description: String {
    "\(function) failed: \(String(cString: strerror(number)))"
  }
}

/// System calls on descriptors.
enum Descriptor {
  /// Which way a descriptor is written to without ever blocking, once poll says that it can be.
  enum Kind {
    /// `send` with MSG_DONTWAIT takes what fits.
    case socket
    /// PIPE_BUF bytes fit whenever anything does (pipe(7), POLLOUT).
    case pipe
    /// Files and terminals take what they get.
    case other
  }

  static func kind(_ descriptor: Int32) -> Kind {
    var status = stat()
    guard fstat(descriptor, &status) == 0 else { return .other }
    switch status.st_mode & S_IFMT {
    case S_IFSOCK: return .socket
    case S_IFIFO: return .pipe
    default: return .other
    }
  }

  /// A copy that is not passed to child processes, with a number beyond the standard streams.
  static func duplicate(_ descriptor: Int32) throws(SystemError) -> Int32 {
    let copy = fcntl(descriptor, F_DUPFD_CLOEXEC, 3)
    if copy < 0 { throw SystemError("fcntl") }
    return copy
  }

  static func replace(_ descriptor: Int32, by other: Int32) throws(SystemError) {
    if dup2(other, descriptor) < 0 { throw SystemError("dup2") }
  }

  static func replaceByNull(_ descriptor: Int32) throws(SystemError) {
    let null = open("/dev/null", O_RDWR | O_CLOEXEC)
    if null < 0 { throw SystemError("open /dev/null") }
    defer { _ = Self.close(null) }
    try replace(descriptor, by: null)
  }

  /// Opens /dev/null for each standard stream that is closed, so that no other descriptor can get its number.
  static func fillStandardStreams() throws(SystemError) {
    while true {
      let descriptor = open("/dev/null", O_RDWR)
      if descriptor < 0 { throw SystemError("open /dev/null") }
      if descriptor > 2 {
        _ = close(descriptor)
        return
      }
    }
  }

  static func ignoreBrokenPipes() {
    signal(SIGPIPE, SIG_IGN)
  }

  static func close(_ descriptor: Int32) -> Int32 {
    #if canImport(Glibc)
      Glibc.close(descriptor)
    #elseif canImport(Darwin)
      Darwin.close(descriptor)
    #else
      Musl.close(descriptor)
    #endif
  }

  /// Waits until one of the descriptors is ready, or broken; which are.
  ///
  /// - Parameter milliseconds: how long at most; -1 for as long as it takes.
  static func poll(_ entries: [(descriptor: Int32, events: Int32)], milliseconds: Int32 = -1) -> [Bool] {
    var polled = entries.map { pollfd(fd: $0.descriptor, events: Int16($0.events), revents: 0) }
    while systemPoll(&polled, milliseconds) < 0 && errno == EINTR {}
    return polled.map { $0.revents != 0 }
  }

  private static func systemPoll(_ polled: inout [pollfd], _ milliseconds: Int32) -> Int32 {
    #if canImport(Glibc)
      Glibc.poll(&polled, nfds_t(polled.count), milliseconds)
    #elseif canImport(Darwin)
      Darwin.poll(&polled, nfds_t(polled.count), milliseconds)
    #else
      Musl.poll(&polled, nfds_t(polled.count), milliseconds)
    #endif
  }
}
