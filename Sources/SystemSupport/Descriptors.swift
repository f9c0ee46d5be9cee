import Foundation
import Synchronization

/// Children start while no descriptor is being created: Darwin marks a descriptor close-on-exec only after it exists, and a child that
/// inherited the end of a pipe would keep the other side from seeing its end.
private let creation = Mutex(())

extension FileDescriptor {
  static func exclusively<Value, Failure>(_ body: () throws(Failure) -> Value) throws(Failure) -> Value {
    try creation.withLock { _ throws(Failure) in try body() }
  }

  /// The descriptor that a system call returns, closed on exec.
  public static func create(_ function: String, _ call: () -> Int32) throws(SystemError) -> FileDescriptor {
    try exclusively { () throws(SystemError) in
      let descriptor = FileDescriptor(rawValue: call())
      if descriptor.rawValue < 0 { throw SystemError(function) }
      descriptor.closeOnExec()
      return descriptor
    }
  }

  /// A pipe, closed on exec.
  public static func makePipe() throws(SystemError) -> (reading: FileDescriptor, writing: FileDescriptor) {
    try makePair("pipe") { Foundation.pipe($0) }
  }

  /// The ends of a stream in both directions, closed on exec.
  public static func makeSocketPair() throws(SystemError) -> (FileDescriptor, FileDescriptor) {
    try makePair("socketpair") { socketpair(AF_UNIX, Self.streamSocket, 0, $0) }
  }

  private static func makePair(
    _ function: String, _ call: (UnsafeMutablePointer<Int32>) -> Int32
  ) throws(SystemError) -> (FileDescriptor, FileDescriptor) {
    try exclusively { () throws(SystemError) in
      var ends: (Int32, Int32) = (-1, -1)
      let status = withUnsafeMutableBytes(of: &ends) { $0.bindMemory(to: Int32.self).baseAddress.map(call) }
      if status != 0 { throw SystemError(function) }
      let pair = (FileDescriptor(rawValue: ends.0), FileDescriptor(rawValue: ends.1))
      pair.0.closeOnExec()
      pair.1.closeOnExec()
      return pair
    }
  }

  private func closeOnExec() { _ = fcntl(rawValue, F_SETFD, FD_CLOEXEC) }

  public func makeNonblocking() { _ = fcntl(rawValue, F_SETFL, fcntl(rawValue, F_GETFL) | O_NONBLOCK) }

  /// A copy, closed on exec, whose number is above those of the standard streams.
  public func copy() throws(SystemError) -> FileDescriptor {
    let copy = fcntl(rawValue, F_DUPFD_CLOEXEC, 3)
    if copy < 0 { throw SystemError("fcntl") }
    return FileDescriptor(rawValue: copy)
  }

  /// Makes this number refer to what another descriptor refers to.
  public func replace(by other: FileDescriptor) throws(SystemError) {
    if Foundation.dup2(other.rawValue, rawValue) < 0 { throw SystemError("dup2") }
  }

  public static func null() throws(SystemError) -> FileDescriptor {
    try create("open /dev/null") { Foundation.open("/dev/null", O_RDWR) }
  }

  /// Opens /dev/null for each standard stream that is closed, so that no other descriptor gets its number.
  ///
  /// - Parameter writable: whether what is written to such a stream vanishes; otherwise writing fails.
  public static func fillStandardStreams(writable: Bool) throws(SystemError) {
    while true {
      let number = Foundation.open("/dev/null", writable ? O_RDWR : O_RDONLY)
      if number < 0 { throw SystemError("open /dev/null") }
      if number > 2 {
        try? FileDescriptor(rawValue: number).close()
        return
      }
    }
  }

  /// From now on, writing to a pipe or socket that nobody reads fails and does not end this process.
  public static func ignoreBrokenPipes() { signal(SIGPIPE, SIG_IGN) }
}

// MARK: Terminals

extension FileDescriptor {
  public var isTerminal: Bool { isatty(rawValue) != 0 }

  /// The columns of a terminal; nil where there is none, or it does not tell.
  public var terminalWidth: Int? {
    var size = winsize()
    return isTerminal && ioctl(rawValue, UInt(TIOCGWINSZ), &size) == 0 && size.ws_col > 0 ? Int(size.ws_col) : nil
  }
}

// MARK: Reading and writing

extension FileDescriptor {
  /// All bytes up to the end.
  public func readToEnd() throws(SystemError) -> [UInt8] {
    var bytes: [UInt8] = []
    while true {
      let piece = try readSome(upTo: 64 << 10)
      if piece.isEmpty { return bytes }
      bytes += piece
    }
  }

  /// The bytes that are there; none at the end. Blocks until there are some.
  public func readSome(upTo count: Int) throws(SystemError) -> [UInt8] {
    do {
      return try [UInt8](unsafeUninitializedCapacity: count) { buffer, count in
        count = try read(into: UnsafeMutableRawBufferPointer(buffer))
      }
    } catch { throw SystemError("read", error as? Errno ?? .ioError) }
  }

  /// Writes all bytes. Blocks, also on a descriptor that another process has made nonblocking.
  public func writeCompletely(_ bytes: some Collection<UInt8>) throws(SystemError) {
    var remaining = Array(bytes)[...]
    while !remaining.isEmpty {
      let written = remaining.withUnsafeBytes { Foundation.write(rawValue, $0.baseAddress, $0.count) }
      if written >= 0 {
        remaining = remaining.dropFirst(written)
      } else if Errno.current == .wouldBlock {
        var poll = PollSet()
        poll.add(self, .writable)
        poll.wait(for: nil)
      } else if Errno.current != .interrupted {
        throw SystemError("write")
      }
    }
  }

  /// How a descriptor is written to without ever blocking, once poll(2) reports it writable.
  public enum Kind: Sendable {
    /// `send` with MSG_DONTWAIT takes what fits.
    case socket
    /// PIPE_BUF bytes fit whenever anything does (pipe(7), POLLOUT).
    case pipe
    /// Files and terminals take everything; a stopped terminal blocks.
    case other
  }

  public var kind: Kind {
    var status = Foundation.stat()
    guard fstat(rawValue, &status) == 0 else { return .other }
    return switch status.st_mode & S_IFMT {
    case S_IFSOCK: .socket
    case S_IFIFO: .pipe
    default: .other
    }
  }

  /// Writes some bytes to a descriptor that is ready.
  ///
  /// - Returns: how many; 0 if the descriptor is not ready after all.
  public func writeReady(_ bytes: ArraySlice<UInt8>, _ kind: Kind) throws(SystemError) -> Int {
    let count = bytes.withUnsafeBytes { piece in
      switch kind {
      case .socket: send(rawValue, piece.baseAddress, piece.count, sendFlags)
      case .pipe: Foundation.write(rawValue, piece.baseAddress, min(piece.count, Int(PIPE_BUF)))
      case .other: Foundation.write(rawValue, piece.baseAddress, piece.count)
      }
    }
    if count >= 0 { return count }
    let code = Errno.current
    if code == .wouldBlock || code == .interrupted { return 0 }
    throw SystemError("write", code)
  }
}

#if canImport(Darwin)
  private let sendFlags = MSG_DONTWAIT
#else
  private let sendFlags = Int32(MSG_DONTWAIT) | Int32(MSG_NOSIGNAL)
#endif
