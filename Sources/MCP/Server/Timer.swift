import Synchronization

/// Whether a time is over.
final class Timer: Sendable {
  private let expired = Atomic(false)

  var isExpired: Bool { expired.load(ordering: .acquiring) }

  func expire() { expired.store(true, ordering: .releasing) }
}
