#if canImport(Glibc)
  import Glibc
#elseif canImport(Darwin)
  import Darwin
#elseif canImport(Musl)
  import Musl
#endif

/// Wakes a thread that waits in poll(2). Never closed while its thread may use it: it lives as long as the thread's object.
final class WakePipe: Sendable {
  let readable: Int32
  private let writable: Int32

  init() throws(SystemError) {
    var ends: [Int32] = [0, 0]
    if pipe(&ends) != 0 { throw SystemError("pipe") }
    readable = ends[0]
    writable = ends[1]
    for end in ends {
      _ = fcntl(end, F_SETFD, FD_CLOEXEC)
      _ = fcntl(end, F_SETFL, O_NONBLOCK)
    }
  }

  deinit {
    _ = Descriptor.close(readable)
    _ = Descriptor.close(writable)
  }

  /// A pipe that is full wakes as well, so that a failure does not matter.
  func wake() {
    var byte: UInt8 = 0
    _ = write(writable, &byte, 1)
  }

  func drain() {
    var bytes = [UInt8](repeating: 0, count: 64)
    while read(readable, &bytes, bytes.count) == bytes.count {}
  }
}
