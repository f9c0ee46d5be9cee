/// Names one request for as long as the server has anything to do with it. Ids of requests may come again; tickets do not.
struct Ticket: Hashable, Comparable, Sendable {
  let number: Int

  static func < (left: Ticket, right: Ticket) -> Bool { left.number < right.number }
}

/// Where the answer to a request goes.
enum ReplyTarget: Hashable, Sendable {
  case line
  case batch(BatchID)
}
