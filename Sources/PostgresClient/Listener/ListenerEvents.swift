import Synchronization
import SystemSupport

public enum ListenerEvent: Sendable {
  /// LISTEN is committed, after each connect: earlier changes were not heard, so look at everything now.
  case connected
  /// A hint. Equal ones that were not taken yet are one.
  case notification(PostgresNotification)
  /// More different hints than the buffer holds were not taken in time and are gone: look at everything.
  case overflowed
  case stateChanged(ListenerState)
}

/// One NOTIFY as it arrived.
public struct PostgresNotification: Sendable, Hashable {
  public let channel: String
  /// At most 7,999 bytes; empty if none was given.
  public let payload: String
  /// The server process of the sender.
  public let processID: Int32

  public init(channel: String, payload: String, processID: Int32) {
    self.channel = channel
    self.payload = payload
    self.processID = processID
  }
}

/// The events of a listener, for one consumer. Ends when the listener is stopped.
public struct ListenerEvents: AsyncSequence, Sendable {
  public typealias Element = ListenerEvent
  public typealias Failure = Never

  let mailbox: Mailbox<EventBuffer>

  public struct AsyncIterator: AsyncIteratorProtocol {
    let mailbox: Mailbox<EventBuffer>
    /// Nil when the listener was stopped or the task is cancelled.
    public mutating func next() async -> ListenerEvent? { await mailbox.next() }
    public mutating func next(isolation actor: isolated (any Actor)?) async -> ListenerEvent? { await mailbox.next() }
  }

  public func makeAsyncIterator() -> AsyncIterator { AsyncIterator(mailbox: mailbox) }
}

/// Events that the consumer has not taken yet. Equal notifications are one; beyond `capacity` all become one `.overflowed`.
struct EventBuffer: MailboxContents {
  private let capacity: Int
  private var events: [ListenerEvent] = []
  private var known: Set<Hint> = []

  private struct Hint: Hashable {
    let channel: String
    let payload: String
    init(_ notification: PostgresNotification) { (channel, payload) = (notification.channel, notification.payload) }
  }

  init(capacity: Int) { self.capacity = max(capacity, 1) }

  mutating func add(_ event: ListenerEvent) {
    if case .notification(let notification) = event {
      guard known.insert(Hint(notification)).inserted else { return }
    }
    events.append(event)
    if events.count > capacity { overflow() }
  }

  mutating func takeFirst() -> ListenerEvent? {
    guard !events.isEmpty else { return nil }
    let event = events.removeFirst()
    if case .notification(let notification) = event { known.remove(Hint(notification)) }
    return event
  }

  /// The last state is kept: it is not repeated by itself.
  private mutating func overflow() {
    let lastState = events.last { if case .stateChanged = $0 { true } else { false } }
    events = [.overflowed] + (lastState.map { [$0] } ?? [])
    known = []
  }
}

/// Where the event loop puts notifications: those of self-tests to their probes, all others into the mailbox.
final class EventHub: Sendable {
  let mailbox: Mailbox<EventBuffer>
  private let state = Mutex((current: ListenerState.connecting, probes: [String: Once<Bool>]()))

  init(capacity: Int) { mailbox = Mailbox(EventBuffer(capacity: capacity)) }

  var current: ListenerState { state.withLock { $0.current } }

  func receive(_ notification: PostgresNotification) {
    if let probe = state.withLock({ $0.probes.removeValue(forKey: notification.channel) }) {
      probe.set(true)
    } else {
      mailbox.post(.notification(notification))
    }
  }

  func change(_ new: ListenerState) {
    state.withLock { $0.current = new }
    mailbox.post(.stateChanged(new))
  }

  /// A notification on this channel sets the probe and is not shown. Nil: no longer.
  func expect(_ channel: String, _ probe: Once<Bool>?) { state.withLock { $0.probes[channel] = probe } }
}
