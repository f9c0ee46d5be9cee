import SystemSupport

/// A hint that the store may have news. It is never data: it means "look again".
public struct WakeUp: OptionSet, Hashable, Sendable {
  public let rawValue: UInt8
  public init(rawValue: UInt8) { self.rawValue = rawValue }

  public static let messages = WakeUp(rawValue: 1)
  public static let tasks = WakeUp(rawValue: 2)
  /// Something may have been missed, such as during a reconnect: look for everything.
  public static let resync = WakeUp(rawValue: 4)
}

/// Hints for one subscriber. Those that arrive while it does not wait become one.
///
/// For one consumer: each subscriber makes its own sequence.
public final class WakeUps: AsyncSequence, Sendable {
  /// How soon a subscriber wants to know if only polling tells.
  public enum Urgency: Sendable {
    /// An agent waits: within 50 ms.
    case waiting
    /// No call waits: within 250 ms.
    case idle
  }

  private let mailbox = Mailbox<WakeUp> { pending, hint in pending = [pending.reduce(hint) { $0.union($1) }] }

  public init() {}

  public func post(_ hint: WakeUp) { mailbox.post(hint) }

  public func finish() { mailbox.finish() }

  public func makeAsyncIterator() -> Iterator { Iterator(source: self) }

  /// Awaits the hints. Returns nil when the sequence or the awaiting task has ended.
  public struct Iterator: AsyncIteratorProtocol {
    let source: WakeUps
    public mutating func next() async -> WakeUp? { await source.mailbox.next() }
  }
}
