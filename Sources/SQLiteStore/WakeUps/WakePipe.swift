#if canImport(Glibc)
  import Glibc
#elseif canImport(Musl)
  import Musl
#else
  import Darwin
#endif

/// A pipe to oneself, by which other threads end a poll(2).
final class WakePipe: Sendable {
  /// To be awaited.
  let descriptor: Int32
  private let input: Int32

  /// Nil when the process has no descriptors left.
  init?() {
    var ends: [Int32] = [0, 0]
    guard pipe(&ends) == 0 else { return nil }
    for end in ends {
      _ = fcntl(end, F_SETFL, fcntl(end, F_GETFL) | O_NONBLOCK)
      _ = fcntl(end, F_SETFD, FD_CLOEXEC)
    }
    (descriptor, input) = (ends[0], ends[1])
  }

  deinit {
    close(descriptor)
    close(input)
  }

  /// A full pipe is as good as a written one.
  func write() {
    var byte: UInt8 = 0
    #if canImport(Darwin)
      _ = Darwin.write(input, &byte, 1)
    #elseif canImport(Musl)
      _ = Musl.write(input, &byte, 1)
    #else
      _ = Glibc.write(input, &byte, 1)
    #endif
  }

  func drain() {
    var bytes = [UInt8](repeating: 0, count: 64)
    while read(descriptor, &bytes, bytes.count) > 0 {}
  }
}

enum PollDescriptors {
  /// Waits until one of the descriptors can be read or the time is over. Descriptors below zero are ignored.
  ///
  /// poll(2) counts milliseconds: what is shorter is slept in steps of 100 µs, with a look at the descriptors after each.
  ///
  /// - Parameter nanoseconds: nil to wait for as long as it takes.
  static func wait(for descriptors: [Int32], nanoseconds: UInt64?) -> [Bool] {
    guard let nanoseconds else { return look(descriptors, milliseconds: -1) }
    if nanoseconds >= 1_000_000 { return look(descriptors, milliseconds: Int32(min(nanoseconds / 1_000_000, 60_000))) }
    var left = nanoseconds
    while true {
      let ready = look(descriptors, milliseconds: 0)
      if left == 0 || ready.contains(true) { return ready }
      let step = min(left, 100_000)
      var time = timespec(tv_sec: 0, tv_nsec: Int(step))
      nanosleep(&time, nil)
      left -= step
    }
  }

  private static func look(_ descriptors: [Int32], milliseconds: Int32) -> [Bool] {
    var polled = descriptors.map { pollfd(fd: $0, events: Int16(POLLIN), revents: 0) }
    guard poll(&polled, nfds_t(polled.count), milliseconds) > 0 else { return descriptors.map { _ in false } }
    return polled.map { $0.revents != 0 }
  }
}
