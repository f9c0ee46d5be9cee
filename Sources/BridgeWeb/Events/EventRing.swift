/// The newest events of the transcript, for all clients: each is a cursor in it.
struct EventRing: Sendable {
  /// Tells this ring from those before it: numbers of another one mean nothing here.
  let epoch: String
  private let limit: (count: Int, bytes: Int)
  /// As they are sent.
  private var events: [[UInt8]] = []
  private var bytes = 0
  /// The number of the first event that is kept.
  private var first = 1

  /// - Parameters:
  ///   - count: how many events are kept.
  ///   - bytes: how many bytes they may have together; the newest is always kept.
  init(epoch: String, count: Int = 1_000, bytes: Int = 4 << 20) { (self.epoch, limit) = (epoch, (count, bytes)) }

  /// The number of the newest event.
  var end: Int { first + events.count - 1 }

  func id(_ number: Int) -> String { "\(epoch)-\(number)" }

  /// - Parameter data: one line.
  mutating func append(_ name: String, data: [UInt8]) {
    events.append(ServerSentEvent.text(name, id: id(end + 1), data: data))
    bytes += events[events.count - 1].count
    var excess = 0
    while events.count - excess > limit.count || bytes > limit.bytes && events.count - excess > 1 {
      bytes -= events[excess].count
      excess += 1
    }
    events.removeFirst(excess)
    first += excess
  }

  /// The number of an event that a client has seen; nil if what came after it is not known any more.
  func number(ofLast id: String) -> Int? {
    guard let dash = id.lastIndex(of: "-"), id[..<dash] == epoch, let number = Int(id[id.index(after: dash)...]), self.id(number) == id
    else { return nil }
    return knows(number) ? number : nil
  }

  /// Whether all events behind this one are kept.
  func knows(_ number: Int) -> Bool { (first - 1...end).contains(number) }

  /// The events behind a number, as many as fit into a size, and the number of the last one; at least one where there are any.
  func events(after number: Int, fitting size: Int) -> (bytes: [UInt8], last: Int) {
    var (found, last) = ([UInt8](), number)
    while last < end, case let next = events[last + 1 - first], found.isEmpty || found.count + next.count <= size {
      found += next
      last += 1
    }
    return (found, last)
  }
}

/// How events are written.
enum ServerSentEvent {
  /// - Parameter data: one line.
  static func text(_ name: String, id: String? = nil, data: [UInt8]) -> [UInt8] {
    Array((id.map { "id: \($0)\n" } ?? "").utf8) + Array("event: \(name)\ndata: ".utf8) + data + Array("\n\n".utf8)
  }

  /// Shows that the connection lives.
  static let comment = Array(":\n\n".utf8)
}
