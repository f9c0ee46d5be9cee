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
  /// - Parameter nanoseconds: nil to wait for as long as it takes. Elsewhere than on Linux, whole milliseconds count.
  static func wait(for descriptors: [Int32], nanoseconds: UInt64?) -> [Bool] {
    guard let nanoseconds else { return poll(descriptors, milliseconds: -1) }
    #if os(Linux)
      if descriptors.allSatisfy({ $0 < FD_SETSIZE }) { return select(descriptors, nanoseconds) }
    #endif
    return poll(descriptors, milliseconds: Int32(min((nanoseconds + 999_999) / 1_000_000, 60_000)))
  }

  private static func poll(_ descriptors: [Int32], milliseconds: Int32) -> [Bool] {
    var polled = descriptors.map { pollfd(fd: $0, events: Int16(POLLIN), revents: 0) }
    #if canImport(Darwin)
      let count = Darwin.poll(&polled, nfds_t(polled.count), milliseconds)
    #elseif canImport(Musl)
      let count = Musl.poll(&polled, nfds_t(polled.count), milliseconds)
    #else
      let count = Glibc.poll(&polled, nfds_t(polled.count), milliseconds)
    #endif
    guard count > 0 else { return descriptors.map { _ in false } }
    return polled.map { $0.revents != 0 }
  }

  #if os(Linux)
    /// poll(2) counts milliseconds, and a commit takes less than one.
    private static func select(_ descriptors: [Int32], _ nanoseconds: UInt64) -> [Bool] {
      var set = fd_set()
      withUnsafeMutableBytes(of: &set) { bytes in
        let words = bytes.bindMemory(to: UInt.self)
        for descriptor in descriptors where descriptor >= 0 { words[Int(descriptor) / UInt.bitWidth] |= bit(descriptor) }
      }
      var time = timespec(tv_sec: Int(nanoseconds / 1_000_000_000), tv_nsec: Int(nanoseconds % 1_000_000_000))
      guard pselect((descriptors.max() ?? -1) + 1, &set, nil, nil, &time, nil) > 0 else { return descriptors.map { _ in false } }
      return withUnsafeBytes(of: &set) { bytes in
        let words = bytes.bindMemory(to: UInt.self)
        return descriptors.map { $0 >= 0 && words[Int($0) / UInt.bitWidth] & bit($0) != 0 }
      }
    }

    private static func bit(_ descriptor: Int32) -> UInt { 1 << UInt(Int(descriptor) % UInt.bitWidth) }
  #endif
}
