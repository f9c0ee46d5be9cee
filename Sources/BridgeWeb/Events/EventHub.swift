import JSON
import NIOCore

/// What a client of the event stream is still to be told. It has no queue: it is a place in the ring, and the versions that it has seen.
struct EventCursor {
  /// The number of the last event that was sent; nil if the client has to load again what it shows.
  var number: Int?
  var state = 0
  var store = 0
}

/// Passes on what happens to the clients of the event stream. It follows the store while there are some. On the event loop only.
final class EventHub {
  /// For how long the store is followed without any client: a page that is loaded again goes on where it was.
  private static let patience = TimeAmount.seconds(10)
  private static let pause = TimeAmount.seconds(15)
  /// The most bytes that wait for one client, unless one event has more.
  private static let writeSize = 256 << 10

  private let loop: any EventLoop
  private let live: Live
  private var ring = EventRing(epoch: "")
  /// The event and its version; nil until it is known.
  private var state: [UInt8]?
  private var store: [UInt8]?
  private var version = (state: 0, store: 0)
  private var clients: [ObjectIdentifier: any EventClient] = [:]
  private var following: Task<Void, Never>?
  private var end: Scheduled<Void>?
  private var pulse: Scheduled<Void>?

  init(loop: any EventLoop, live: Live) { (self.loop, self.live) = (loop, live) }

  func add(_ client: any EventClient) {
    clients[ObjectIdentifier(client)] = client
    end?.cancel()
    end = nil
    if following == nil { follow() }
    client.cursor = EventCursor()
    client.cursor.number = client.lastEventID.map { ring.number(ofLast: $0) } ?? ring.end
    client.pump()
  }

  func remove(_ client: any EventClient) {
    guard clients.removeValue(forKey: ObjectIdentifier(client)) != nil, clients.isEmpty else { return }
    end = loop.assumeIsolated().scheduleTask(in: Self.patience) { self.stop() }
  }

  func stop() {
    following?.cancel()
    following = nil
    pulse?.cancel()
    (pulse, state, store) = (nil, nil, nil)
  }

  /// What a client is to be sent next, and moves its cursor behind it; empty if it knows everything.
  func next(for cursor: inout EventCursor) -> [UInt8] {
    var bytes: [UInt8] = []
    if cursor.store != version.store, let store {
      cursor.store = version.store
      bytes += store
    }
    // Nothing has a place before the store is followed.
    guard let state else { return bytes }
    if let number = cursor.number, ring.knows(number) {
      let found = ring.events(after: number, fitting: Self.writeSize)
      cursor.number = found.last
      bytes += found.bytes
    } else {
      cursor.number = ring.end
      bytes += ServerSentEvent.text("reset", id: ring.id(ring.end), data: Array("{}".utf8))
    }
    if cursor.state != version.state {
      // The first one of a connection tells the client where it is.
      let id = cursor.state == 0 ? cursor.number.map(ring.id) : nil
      cursor.state = version.state
      bytes += ServerSentEvent.text("state", id: id, data: state)
    }
    return bytes
  }

  private func follow() {
    ring = EventRing(epoch: String(UInt32.random(in: .min ... .max), radix: 16))
    let hub = NIOLoopBound(self, eventLoop: loop)
    let epoch = ring.epoch
    following = Task { [live, loop] in
      await live.follow { event in loop.execute { hub.value.receive(event, epoch) } }
    }
    beat()
  }

  /// Shows the clients now and then that their connections live.
  private func beat() {
    pulse = loop.assumeIsolated().scheduleTask(in: Self.pause) {
      for client in self.clients.values { client.send(ServerSentEvent.comment) }
      self.beat()
    }
  }

  private func receive(_ event: Live.Event, _ epoch: String) {
    guard epoch == ring.epoch, following != nil else { return }
    switch event {
    case .entries(let entries): ring.append("entries", data: entries)
    case .state(let json):
      state = json
      version.state += 1
    case .store(let json):
      store = ServerSentEvent.text("store", data: json)
      version.store += 1
    }
    for client in clients.values { client.pump() }
  }
}

/// A client of the event stream. On the event loop only.
protocol EventClient: AnyObject {
  /// Of the last event that it has seen, if it was connected before.
  var lastEventID: String? { get }
  var cursor: EventCursor { get set }
  /// Sends what is next, unless something is still waiting to be sent.
  func pump()
  /// Sends this, unless something is still waiting to be sent.
  func send(_ bytes: [UInt8])
}
