/// Tells each entry once, even if entries become visible in another order than that of their numbers.
public protocol TranscriptReader: Sendable {
  /// Entries that were not told yet, by time where it is known. Ask again while there are more. A failed call loses nothing: the next one
  /// tells its entries.
  ///
  /// - Throws: `BridgeError` as the verbs of `BridgeStore` do.
  func next() async throws(BridgeError) -> TranscriptPage
}

/// Where a transcript begins: at the first entry that satisfies all given conditions; without conditions at the first of all.
public struct TranscriptStart: Hashable, Sendable {
  /// No older than this, in seconds since 1970.
  public var since: Double?
  /// At most this many of the newest.
  public var last: Int?

  public init(since: Double? = nil, last: Int? = nil) {
    self.since = since
    self.last = last
  }
}

/// A page of a transcript.
public struct TranscriptPage: Hashable, Sendable {
  public var entries: [TranscriptEntry]
  /// Whether more entries are available now.
  public var more: Bool

  public init(entries: [TranscriptEntry], more: Bool) {
    self.entries = entries
    self.more = more
  }
}

/// Something that happened.
public struct TranscriptEntry: Hashable, Sendable {
  public enum Event: Hashable, Sendable {
    case message(Message)
    /// The task has only id, title, creator and assignee, because the other fields may have changed since.
    case task(BridgeTask, TaskEvent)
  }

  public var event: Event
  /// The time in seconds since 1970; nil if a hand-typed row has no readable one.
  public var time: Double?

  public init(_ event: Event, time: Double?) {
    self.event = event
    self.time = time
  }
}
