#if canImport(Darwin)
  import Darwin
#elseif canImport(Musl)
  import Musl
#else
  import Glibc
#endif

/// The array that `poll(2)` takes, and whom each entry belongs to.
struct PollSet {
  struct Entry {
    let id: PostgresEventLoop.RegistrationID?
    let readiness: PostgresEventLoop.Readiness
  }

  private var descriptors: [pollfd] = []
  private var ids: [PostgresEventLoop.RegistrationID?] = []

  mutating func removeAll() {
    descriptors.removeAll(keepingCapacity: true)
    ids.removeAll(keepingCapacity: true)
  }

  mutating func add(_ descriptor: Int32, wantsWritable: Bool, id: PostgresEventLoop.RegistrationID?) {
    let events = Int16(POLLIN) | (wantsWritable ? Int16(POLLOUT) : 0)
    descriptors.append(pollfd(fd: descriptor, events: events, revents: 0))
    ids.append(id)
  }

  /// How many are ready; -1 after an interruption.
  mutating func wait(timeout: Int32) -> Int32 {
    let count = poll(&descriptors, nfds_t(descriptors.count), timeout)
    if count < 0 {
      for index in descriptors.indices { descriptors[index].revents = 0 }
    }
    return count
  }

  var entries: [Entry] { descriptors.indices.map(entry(at:)) }
  var ready: [Entry] { descriptors.indices.filter { descriptors[$0].revents != 0 }.map(entry(at:)) }

  private func entry(at index: Int) -> Entry {
    let events = Int32(descriptors[index].revents)
    var readiness: PostgresEventLoop.Readiness = []
    // An error or a hang-up is found by reading.
    if events & Int32(POLLIN | POLLHUP | POLLERR | POLLNVAL) != 0 { readiness.insert(.readable) }
    if events & Int32(POLLOUT) != 0 { readiness.insert(.writable) }
    return Entry(id: ids[index], readiness: readiness)
  }

  /// Rounded up, so that a deadline has passed when the wait ends.
  static func milliseconds(from now: ContinuousClock.Instant, to deadline: ContinuousClock.Instant) -> Int32 {
    let (seconds, attoseconds) = (deadline - now).components
    guard seconds >= 0, attoseconds >= 0 else { return 0 }
    let milliseconds = seconds.multipliedReportingOverflow(by: 1000)
    return milliseconds.overflow ? Int32.max : Int32(clamping: milliseconds.partialValue + attoseconds / 1_000_000_000_000_000 + 1)
  }
}
