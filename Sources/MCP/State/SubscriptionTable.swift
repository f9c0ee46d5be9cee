/// Who is subscribed to which resources, in both eras.
struct SubscriptionTable: Sendable {
  private struct Stream {
    let uris: Set<String>
    var isAcknowledged = false
    var held: [String] = []
  }

  private(set) var handshake: Set<String> = []
  private var streams: [Ticket: Stream] = [:]

  var uris: Set<String> { streams.values.reduce(into: handshake) { $0.formUnion($1.uris) } }
  var streamCount: Int { streams.count }
  /// The open `subscriptions/listen` requests, the oldest first.
  var openStreams: [Ticket] { streams.keys.sorted() }

  mutating func subscribe(_ uri: String) { handshake.insert(uri) }
  mutating func unsubscribe(_ uri: String) { handshake.remove(uri) }

  mutating func open(_ ticket: Ticket, _ uris: Set<String>) {
    streams[ticket] = Stream(uris: uris)
  }

  mutating func close(_ ticket: Ticket) {
    streams[ticket] = nil
  }

  /// From now on updates may be sent. The ones that came in the meantime; `nil` where the subscription is not open any longer.
  mutating func acknowledge(_ ticket: Ticket) -> [String]? {
    guard let stream = streams[ticket] else { return nil }
    streams[ticket]?.isAcknowledged = true
    streams[ticket]?.held = []
    return stream.held
  }

  /// The subscriptions that are to be told now; those not acknowledged yet are told after that.
  mutating func updated(_ uri: String) -> [Ticket] {
    var told: [Ticket] = []
    for ticket in openStreams where streams[ticket]?.uris.contains(uri) == true {
      if streams[ticket]?.isAcknowledged == true {
        told.append(ticket)
      } else if streams[ticket]?.held.contains(uri) == false {
        streams[ticket]?.held.append(uri)
      }
    }
    return told
  }

  mutating func removeAll() {
    self = SubscriptionTable()
  }
}
