/// Lets a number of calls run at a time and keeps the others in order.
struct Admission: Sendable {
  private let concurrent: Int
  private let mostWaiting: Int
  private(set) var running: Set<Ticket> = []
  private(set) var waiting: [Ticket] = []

  init(concurrent: Int, waiting: Int) {
    self.concurrent = concurrent
    mostWaiting = waiting
  }

  /// Whether no more should be asked for.
  var isFull: Bool { waiting.count >= mostWaiting }

  /// Whether the call may begin; else it waits.
  mutating func admit(_ ticket: Ticket) -> Bool {
    if running.count < concurrent {
      running.insert(ticket)
      return true
    }
    waiting.append(ticket)
    return false
  }

  /// A call has ended; the one that may begin in its place.
  mutating func finish(_ ticket: Ticket) -> Ticket? {
    guard running.remove(ticket) != nil, running.count < concurrent, !waiting.isEmpty else { return nil }
    let next = waiting.removeFirst()
    running.insert(next)
    return next
  }

  /// Whether the call was waiting; it will not begin.
  mutating func withdraw(_ ticket: Ticket) -> Bool {
    guard let index = waiting.firstIndex(of: ticket) else { return false }
    waiting.remove(at: index)
    return true
  }
}
