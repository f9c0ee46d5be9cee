/// The requests that are not answered yet: found by ticket and by id, started in order, a limited number at a time.
struct Calls: Sendable {
  struct Entry: Sendable {
    let id: RequestID
    let revision: Revision
    let batch: BatchID?
    let progressToken: RequestID?
    /// A `subscriptions/listen`, which stays open until either side ends it.
    let isSubscription: Bool
    /// Runs after the earlier calls in turn, not beside them.
    fileprivate(set) var isInTurn = false
    fileprivate(set) var lastProgress: Double?
    /// Until it is started.
    fileprivate(set) var work: Work?
  }

  private let concurrent: Int
  private let mostWaiting: Int
  private var entries: [Ticket: Entry] = [:]
  private var count = 0
  private var waiting: [Ticket] = []
  private var running: Set<Ticket> = []
  /// The running one of the calls in turn.
  private var turn: Ticket?

  init(concurrent: Int, waiting: Int) {
    self.concurrent = concurrent
    mostWaiting = waiting
  }

  /// No further calls should be read.
  var isFull: Bool { waiting.count >= mostWaiting }
  var isRunning: Bool { !running.isEmpty }
  /// Unanswered requests that end by themselves.
  var unanswered: [Ticket] { entries.filter { !$0.value.isSubscription }.keys.sorted() }

  subscript(ticket: Ticket) -> Entry? { entries[ticket] }

  func ticket(of id: RequestID) -> Ticket? { entries.first { $0.value.id == id }?.key }

  mutating func add(
    _ id: RequestID, _ revision: Revision, in batch: BatchID? = nil, progressToken: RequestID? = nil, isSubscription: Bool = false
  ) -> Ticket {
    count += 1
    let ticket = Ticket(number: count)
    entries[ticket] = Entry(id: id, revision: revision, batch: batch, progressToken: progressToken, isSubscription: isSubscription)
    return ticket
  }

  /// The request was answered or given up. Work that was not started is dropped.
  mutating func remove(_ ticket: Ticket) -> Entry? {
    let entry = entries.removeValue(forKey: ticket)
    if entry?.work != nil {
      waiting.removeAll { $0 == ticket }
      finish(ticket)
    }
    return entry
  }

  /// The token and revision to report progress with; `nil` without a token, for a value that does not rise, and after the end.
  mutating func progress(_ ticket: Ticket, to value: Double) -> (token: RequestID, revision: Revision)? {
    guard value.isFinite, let entry = entries[ticket], let token = entry.progressToken else { return nil }
    if let last = entry.lastProgress, value <= last { return nil }
    entries[ticket]?.lastProgress = value
    return (token, entry.revision)
  }

  mutating func enqueue(_ ticket: Ticket, inTurn isInTurn: Bool = false, _ work: @escaping Work) {
    entries[ticket]?.isInTurn = isInTurn
    entries[ticket]?.work = work
    waiting.append(ticket)
  }

  /// The next call that may run; it takes one of the places.
  mutating func admit() -> Ticket? {
    guard running.count < concurrent, let index = waiting.firstIndex(where: { turn == nil || !isInTurn($0) }) else { return nil }
    let next = waiting.remove(at: index)
    running.insert(next)
    if isInTurn(next) { turn = next }
    return next
  }

  private func isInTurn(_ ticket: Ticket) -> Bool { entries[ticket]?.isInTurn == true }

  /// The work of an admitted call, to be started now.
  mutating func start(_ ticket: Ticket) -> Work? { entries[ticket]?.work.take() }

  /// Frees the place of a call that has ended.
  mutating func finish(_ ticket: Ticket) {
    running.remove(ticket)
    leaveTurn(ticket)
  }

  /// The next call in turn may run beside this one.
  mutating func leaveTurn(_ ticket: Ticket) {
    if turn == ticket { turn = nil }
  }
}

/// Carries a request out, outside the connection. It may report how far it is.
typealias Work = @Sendable (_ report: @escaping @Sendable (WorkReport) async -> Void) async -> Outcome

enum WorkReport: Sendable {
  case progress(Progress)
  case leftTurn
}

/// How a request ended.
enum Outcome: Sendable {
  /// A whole message.
  case reply([UInt8], DeliveryHooks?)
  /// There is nothing to send.
  case silence
}

/// Names one request for as long as the server has anything to do with it. Ids of requests may come again; tickets do not.
struct Ticket: Hashable, Comparable, Sendable {
  let number: Int

  static func < (left: Ticket, right: Ticket) -> Bool { left.number < right.number }
}
