import Foundation

/// Waits for descriptors. A set that is filled again allocates nothing.
public struct PollSet: Sendable {
  public struct Events: OptionSet, Sendable {
    public let rawValue: Int16
    public init(rawValue: Int16) { self.rawValue = rawValue }

    public static let readable = Events(rawValue: Int16(POLLIN))
    public static let writable = Events(rawValue: Int16(POLLOUT))
  }

  private var entries: [pollfd] = []

  public init() {}

  public mutating func removeAll() { entries.removeAll(keepingCapacity: true) }

  /// Adds an entry; one without a descriptor is never ready.
  public mutating func add(_ descriptor: FileDescriptor?, _ events: Events = .readable) {
    entries.append(pollfd(fd: descriptor?.rawValue ?? -1, events: events.rawValue, revents: 0))
  }

  /// Waits until one of the descriptors is ready or broken. An interruption by a signal counts as a timeout.
  ///
  /// - Parameter timeout: nil for no limit. It is rounded up to milliseconds.
  /// - Returns: whether one is.
  @discardableResult
  public mutating func wait(for timeout: Duration?) -> Bool {
    let milliseconds = timeout.map { timeout -> Int32 in
      let (seconds, attoseconds) = max(.zero, timeout).components
      let (whole, overflow) = seconds.multipliedReportingOverflow(by: 1000)
      return overflow ? .max : Int32(clamping: whole + (attoseconds + 999_999_999_999_999) / 1_000_000_000_000_000)
    }
    let count = poll(&entries, nfds_t(entries.count), milliseconds ?? -1)
    // The events of a call that failed are undefined.
    if count < 0 { for index in entries.indices { entries[index].revents = 0 } }
    return count > 0
  }

  /// Whether the descriptor of an entry is ready or broken.
  public func isReady(_ index: Int) -> Bool { entries[index].revents != 0 }

  /// What an entry is ready for. An error and a hang-up are found by reading.
  public func events(_ index: Int) -> Events {
    let events = Int32(entries[index].revents)
    var result: Events = []
    if events & Int32(POLLIN | POLLHUP | POLLERR | POLLNVAL) != 0 { result.insert(.readable) }
    if events & Int32(POLLOUT) != 0 { result.insert(.writable) }
    return result
  }
}

/// A pipe to this process itself, by which other threads wake one that waits for descriptors.
public final class WakePipe: Sendable {
  /// To be waited for.
  public let descriptor: FileDescriptor
  private let input: FileDescriptor

  public init() throws(SystemError) {
    (descriptor, input) = try FileDescriptor.makePipe()
    descriptor.makeNonblocking()
    input.makeNonblocking()
  }

  deinit {
    try? descriptor.close()
    try? input.close()
  }

  /// A full pipe wakes as well, so that a failure does not matter.
  public func wake() {
    var byte: UInt8 = 0
    _ = try? withUnsafeBytes(of: &byte) { try input.write($0) }
  }

  public func drain() {
    withUnsafeTemporaryAllocation(byteCount: 64, alignment: 1) { buffer in
      while (try? descriptor.read(into: buffer)) == buffer.count {}
    }
  }
}
