/// The requests that are not answered yet, by ticket and by id.
struct InFlight: Sendable {
  struct Entry: Sendable {
    let id: RequestID
    let revision: Revision
    let target: ReplyTarget
    let progressToken: RequestID?
    /// A `subscriptions/listen`, which is open until somebody ends it.
    let isSubscription: Bool
    fileprivate(set) var lastProgress: Double?
  }

  private var entries: [Ticket: Entry] = [:]
  private var tickets: [RequestID: Ticket] = [:]

  var all: [Ticket] { entries.keys.sorted() }
  /// Requests that will end by themselves.
  var calls: [Ticket] { entries.filter { !$0.value.isSubscription }.keys.sorted() }
  var hasCalls: Bool { entries.contains { !$0.value.isSubscription } }

  subscript(ticket: Ticket) -> Entry? { entries[ticket] }

  func ticket(of id: RequestID) -> Ticket? { tickets[id] }

  mutating func add(
    _ ticket: Ticket, id: RequestID, revision: Revision, target: ReplyTarget, progressToken: RequestID?, isSubscription: Bool
  ) {
    entries[ticket] = Entry(
      id: id, revision: revision, target: target, progressToken: progressToken, isSubscription: isSubscription, lastProgress: nil)
    tickets[id] = ticket
  }

  mutating func remove(_ ticket: Ticket) -> Entry? {
    guard let entry = entries.removeValue(forKey: ticket) else { return nil }
    tickets[entry.id] = nil
    return entry
  }

  /// The token and revision to report progress with; `nil` where nobody asked, where the value does not rise, or after the end.
  mutating func progress(_ ticket: Ticket, to value: Double) -> (token: RequestID, revision: Revision)? {
    guard value.isFinite, let entry = entries[ticket], let token = entry.progressToken else { return nil }
    if let last = entry.lastProgress, value <= last { return nil }
    entries[ticket]?.lastProgress = value
    return (token, entry.revision)
  }
}
