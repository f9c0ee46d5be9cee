import JSON

/// Who is subscribed to which resources, in both eras, and what the owner of the resources knows of it.
struct Subscriptions: Sendable {
  private struct Stream {
    let uris: Set<String>
    var isAcknowledged = false
    /// Updates to send after the acknowledgement.
    var held: [String] = []
  }

  private let limit: Int
  /// Subscriptions of the handshake era.
  private(set) var handshake: Set<String> = []
  private var streams: [Ticket: Stream] = [:]
  /// Requests to acknowledge once the owner knows of their resources.
  private var pending: [(ticket: Ticket, uris: [String]?)] = []
  private var told: Set<String> = []
  private(set) var isTelling = false

  var uris: Set<String> { streams.values.reduce(into: handshake) { $0.formUnion($1.uris) } }
  /// The open `subscriptions/listen` requests, the oldest first.
  var openStreams: [Ticket] { streams.keys.sorted() }

  init(limit: Int) { self.limit = limit }

  func requireRoom(for uri: String) throws(RPCError) {
    if !handshake.contains(uri), handshake.count >= limit { throw tooMany }
  }

  func requireRoomForStream() throws(RPCError) {
    if streams.count >= limit { throw tooMany }
  }

  private var tooMany: RPCError { RPCError(.invalidRequest, "There are \(limit) subscriptions already: end one first.") }

  mutating func subscribe(_ ticket: Ticket, to uri: String) {
    handshake.insert(uri)
    pending.append((ticket, [uri]))
  }

  mutating func unsubscribe(_ uri: String) { handshake.remove(uri) }

  /// Opens a stream. URIs beyond the limit are not honoured.
  mutating func open(_ ticket: Ticket, _ uris: [String]?) {
    let uris = uris.map { Array($0.prefix(limit)) }
    streams[ticket] = Stream(uris: Set(uris ?? []))
    pending.append((ticket, uris))
  }

  /// - Returns: whether the ticket was an open stream.
  mutating func close(_ ticket: Ticket) -> Bool {
    pending.removeAll { $0.ticket == ticket }
    return streams.removeValue(forKey: ticket) != nil
  }

  mutating func closeAll() {
    handshake = []
    streams = [:]
    pending = []
  }

  /// What to tell the owner now; `nil` while it is being told something else, and when it knows.
  mutating func tellOwner() -> Set<String>? {
    let uris = uris
    if isTelling || uris == told { return nil }
    told = uris
    isTelling = true
    return uris
  }

  mutating func ownerTold() { isTelling = false }

  /// The requests to acknowledge now, with their resources.
  mutating func takeKnown() -> [(ticket: Ticket, uris: [String]?)] {
    if isTelling || pending.isEmpty { return [] }
    let unknown = uris.subtracting(told)
    defer { pending.removeAll { unknown.isDisjoint(with: $0.uris ?? []) } }
    return pending.filter { unknown.isDisjoint(with: $0.uris ?? []) }
  }

  /// The stream may be sent updates from now on.
  ///
  /// - Returns: the updates that came in the meantime; `nil` if the stream is not open.
  mutating func acknowledge(_ ticket: Ticket) -> [String]? {
    guard let stream = streams[ticket] else { return nil }
    streams[ticket]?.isAcknowledged = true
    streams[ticket]?.held = []
    return stream.held
  }

  /// The streams to tell of a change now; the others are told after their acknowledgement.
  mutating func updated(_ uri: String) -> [Ticket] {
    var acknowledged: [Ticket] = []
    for ticket in openStreams where streams[ticket]?.uris.contains(uri) == true {
      if streams[ticket]?.isAcknowledged == true {
        acknowledged.append(ticket)
      } else if streams[ticket]?.held.contains(uri) == false {
        streams[ticket]?.held.append(uri)
      }
    }
    return acknowledged
  }
}

extension Subscriptions {
  /// What of a `subscriptions/listen` is honoured (2026-07-28 schema, SubscriptionFilter); `nil` where the client asked for no resources at
  /// all. Lists do not change while a server runs, so that there is nothing to say about them.
  static func honoured(_ params: JSONObject, where exists: (String) -> Bool) throws(RPCError) -> [String]? {
    guard let filter = params["notifications"]?.objectValue else {
      throw .invalidParams("subscriptions/listen needs an object `notifications`.")
    }
    for name in ["toolsListChanged", "promptsListChanged", "resourcesListChanged"] {
      if let value = filter[name], value.boolValue == nil {
        throw .invalidParams("`notifications.\(name)` must be true or false, not \(Sentence.describe(value)).")
      }
    }
    guard let value = filter["resourceSubscriptions"] else { return nil }
    guard let uris = value.arrayValue?.map(\.stringValue), !uris.contains(nil) else {
      throw .invalidParams("`notifications.resourceSubscriptions` must be an array of strings.")
    }
    var seen: Set<String> = []
    return uris.compactMap(\.self).filter { exists($0) && seen.insert($0).inserted }
  }
}
