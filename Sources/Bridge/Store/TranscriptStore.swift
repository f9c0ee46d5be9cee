/// Tells each entry once, even if entries become visible in another order than that of their numbers.
public protocol TranscriptReader: Sendable {
  /// The next entries, ordered by time as far as it is known. Call again while there are more. If a call fails, the next one returns its
  /// entries.
  ///
  /// - Throws: `BridgeError` as the verbs of `BridgeStore` do.
  func next() async throws(BridgeError) -> TranscriptPage
}

/// Where a transcript begins: at the first entry that satisfies all conditions; without conditions, at the very first.
public struct TranscriptStart: Hashable, Sendable {
  /// The earliest time, in seconds since 1970.
  public var since: Double?
  /// At most this many of the newest entries.
  public var last: Int?

  public init(since: Double? = nil, last: Int? = nil) {
    self.since = since
    self.last = last
  }
}

public struct TranscriptPage: Hashable, Sendable {
  public var entries: [TranscriptEntry]
  /// Whether another call returns more at once.
  public var more: Bool
}

/// A message, or a change of a task.
public struct TranscriptEntry: Hashable, Sendable {
  public enum Event: Hashable, Sendable {
    case message(Message)
    /// The task has only its id, title, creator and assignee: the rest may have changed since.
    case task(BridgeTask, TaskEvent)
  }

  public var event: Event
  /// Seconds since 1970; nil if a hand-written row has no readable time.
  public var time: Double?

  public init(_ event: Event, time: Double?) {
    self.event = event
    self.time = time
  }
}
