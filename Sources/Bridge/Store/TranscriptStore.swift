/// Tells each entry once, also where entries become visible in another order than the one in which they were numbered.
public protocol TranscriptReader: Sendable {
  /// What was not told yet, by time as far as it is known; ask again while there is more. What a failed call would have told comes with
  /// the next one.
  ///
  /// - Throws: `BridgeError` as the verbs of `BridgeStore` do.
  func next() async throws(BridgeError) -> TranscriptPage
}

/// Where a transcript begins: at the first entry that fulfils all that is given; at the very first where nothing is.
public struct TranscriptStart: Hashable, Sendable {
  /// No older than this, in seconds since 1970.
  public var since: Double?
  /// No more than so many of the newest.
  public var last: Int?

  public init(since: Double? = nil, last: Int? = nil) {
    self.since = since
    self.last = last
  }
}

/// Some entries of a transcript.
public struct TranscriptPage: Hashable, Sendable {
  public var entries: [TranscriptEntry]
  /// Whether asking again at once brings more.
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
    /// The task has its id, title and two sides only: the rest may have changed again since.
    case task(BridgeTask, TaskEvent)
  }

  public var event: Event
  /// When, in seconds since 1970; nil where a row that was written by hand says it in no known way.
  public var time: Double?

  public init(_ event: Event, time: Double?) {
    self.event = event
    self.time = time
  }
}
