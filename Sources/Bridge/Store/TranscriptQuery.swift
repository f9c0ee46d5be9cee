/// Which page of the transcript is wanted.
public struct TranscriptQuery: Hashable, Sendable {
  public enum Start: Hashable, Sendable {
    /// The newest entries.
    case newest
    case before(TranscriptPlace)
    case after(TranscriptPlace)
    /// Around a message, which is on the page: its id, as an `IDReference`.
    case at(String)
  }

  /// Only what it sent, received or has a side in; nil for everybody.
  public var agent: String?
  public var start: Start
  public var limit: Int

  public init(agent: String? = nil, start: Start = .newest, limit: Int = 50) {
    (self.agent, self.start, self.limit) = (agent, start, limit)
  }

  /// - Throws: `BridgeError` with the code `invalidValue` that names the field.
  public func validate() throws(BridgeError) {
    try TextRule.reference(agent, field: "agent", kind: "a name")
    if let message { try TextRule.reference(message.text, field: message.field) }
    guard Limits.pageSize.contains(limit) else {
      throw BridgeError(
        .invalidValue, "limit is \(limit), and \(Limits.pageSize.lowerBound) to \(Limits.pageSize.upperBound) are allowed.")
    }
  }
}

/// A place in the transcript: between the rows of each table up to a number, and those above it.
public struct TranscriptPlace: Hashable, Sendable {
  public var messages: Int64
  public var events: Int64

  public init(messages: Int64, events: Int64) { (self.messages, self.events) = (messages, events) }

  public init(_ numbers: TranscriptTables<Int64>) { self.init(messages: numbers.messages, events: numbers.events) }

  public var numbers: TranscriptTables<Int64> { TranscriptTables(messages: messages, events: events) }

  public static let end = TranscriptPlace(messages: .max, events: .max)

  /// As programs carry it, who need not understand it.
  public var text: String { "\(String(messages, radix: 36)).\(String(events, radix: 36))" }

  /// - Throws: `invalidValue` where no page had this place.
  public init(_ text: String) throws(BridgeError) {
    let numbers = text.split(separator: ".", omittingEmptySubsequences: false).map { Int64($0, radix: 36) }
    guard numbers.count == 2, let messages = numbers[0], let events = numbers[1],
      case let place = TranscriptPlace(messages: messages, events: events), place.text == text
    else {
      throw BridgeError(
        .invalidValue,
        "\"\(BridgeError.excerpt(text))\" is not a place in the transcript: pass older or newer of another page, or leave it out for the "
          + "newest page.")
    }
    self = place
  }
}

/// A page of the transcript.
public struct TranscriptView: Hashable, Sendable {
  /// Oldest first.
  public var entries: [TranscriptEntry]
  /// What is before the first entry begins here; nil if there is nothing.
  public var older: TranscriptPlace?
  /// What is after the last entry begins here; nil if there is nothing yet.
  public var newer: TranscriptPlace?
}

/// The rows next to a place, each in the order of its table.
public struct TranscriptSurroundings: Sendable {
  public var older: TranscriptTables<[TranscriptRow]>
  public var newer: TranscriptTables<[TranscriptRow]>

  public init(older: TranscriptTables<[TranscriptRow]>, newer: TranscriptTables<[TranscriptRow]>) {
    (self.older, self.newer) = (older, newer)
  }
}

extension TranscriptQuery {
  /// The message around which the page is.
  public var message: IDReference? {
    if case .at(let id) = start { IDReference(id, field: "at", to: .message) } else { nil }
  }

  /// The place next to which a store reads rows; nil if it is the one before `message`: behind the messages before it, and behind the events
  /// before its time.
  public var place: TranscriptPlace? {
    switch start {
    case .newest: .end
    case .before(let place), .after(let place): place
    case .at: nil
    }
  }

  /// How many entries the page may have on each side of the place.
  private var sizes: (older: Int, newer: Int) {
    switch start {
    case .newest, .before: (limit, 0)
    case .after: (0, limit)
    case .at: (limit / 2, limit - limit / 2)
    }
  }

  /// How many rows of each table a store reads on each side of the place: one more than the page may have tells whether there are more.
  public var rows: (older: Int, newer: Int) { (sizes.older + 1, sizes.newer + (start == .newest ? 0 : 1)) }

  /// The page, of the rows that a store has read.
  public func page(of found: TranscriptSurroundings) -> TranscriptView {
    var found = found
    // The message comes first, whatever its time: it is on the page.
    if message != nil, !found.newer.messages.isEmpty { found.newer.messages[0].time = nil }
    let (older, newer) = (TranscriptMerge(found.older).rows, TranscriptMerge(found.newer).rows)
    let page = Array(older.suffix(sizes.older) + newer.prefix(sizes.newer))
    let cuts = TranscriptTables(messages: true, events: false).with(found.older.with(found.newer)).map { isMessage, sides in
      let shown = page.filter { $0.isMessage == isMessage }.map(\.row.number)
      // Where the page has no row of a table, between those on both sides.
      let between = sides.0.last?.number ?? sides.1.first?.number.below ?? .min
      return (first: shown.first?.below ?? between, last: shown.last ?? between)
    }
    return TranscriptView(
      entries: page.compactMap(\.row.entry),
      older: older.count > sizes.older ? TranscriptPlace(cuts.map(\.first)) : nil,
      newer: newer.count > sizes.newer ? TranscriptPlace(cuts.map(\.last)) : nil)
  }
}

extension Int64 {
  fileprivate var below: Int64 { self == .min ? .min : self - 1 }
}
