import ProcessTesting
import Synchronization
import SystemSupport

/// A TCP proxy on 127.0.0.1 that can fail in the ways that networks do. Runs on a thread of its own until `close`.
public final class FaultProxy: Sendable {
  private struct Orders {
    enum Mode { case pass, blackHole, refuse }

    struct Trap {
      let text: [UInt8]
      let forwards: Bool
    }

    var mode = Mode.pass
    var mustCut = false
    var mustSwallow = false
    var isClosed = false
    var trap: Trap?
    var waiters: [CheckedContinuation<Void, Never>] = []
  }

  /// A client and its connection to the server.
  private struct Pair {
    let client: FileDescriptor
    var server: FileDescriptor?
    var withholdsReplies = false
    var isSwallowed = false
  }

  public let port: UInt16
  private let orders = Mutex(Orders())
  private let upstream: UInt16
  private let wake: WakePipe

  /// In front of a port of 127.0.0.1.
  public init(to upstream: UInt16) throws {
    FileDescriptor.ignoreBrokenPipes()
    self.upstream = upstream
    wake = try WakePipe()
    let listener: FileDescriptor
    (listener, port) = try FileDescriptor.listen(on: 0)
    try SystemThread.start { self.run(listener) }
  }

  /// Bytes are neither read nor forwarded, in both directions; new connections are accepted and hang. Returns when in force.
  public func blackHole() async { await apply { $0.mode = .blackHole } }

  /// What is open now is swallowed without an end, and new connections are served, as by a firewall that forgot its table.
  public func swallowOpen() async { await apply { $0.mustSwallow = true } }

  /// Forwards and accepts again, held-up bytes included. What is swallowed stays so.
  public func heal() async { await apply { $0.mode = .pass } }

  /// Ends all present connections with a reset.
  public func cut() async { await apply { $0.mustCut = true } }

  /// Ends all connections and refuses new ones.
  public func refuse() async { await apply { ($0.mode, $0.mustCut) = (.refuse, true) } }

  /// The next time a client sends this text, it is forwarded, the server's answer is awaited and withheld, and the connection reset:
  /// the server has done it and the client cannot know.
  public func cutReplies(after text: String) async { await apply { $0.trap = .init(text: Array(text.utf8), forwards: true) } }

  /// The next time a client sends this text, the connection is reset and the server never sees it.
  public func cut(before text: String) async { await apply { $0.trap = .init(text: Array(text.utf8), forwards: false) } }

  public func close() async { await apply { $0.isClosed = true } }

  /// A free port of 127.0.0.1 below those that the system gives out by itself, each given once a process: a server that a test stops
  /// and starts again finds its port free, and its clients meet no other test's server meanwhile.
  public static func freePort() throws -> UInt16 {
    for _ in 0..<12_000 {
      let port = UInt16(20_000 + lastPort.wrappingAdd(1, ordering: .relaxed).newValue % 12_000)
      guard let (socket, _) = try? FileDescriptor.listen(on: port) else { continue }
      try socket.close()
      return port
    }
    throw TestingError("No port of 127.0.0.1 from 20000 to 31999 is free")
  }

  private static let lastPort = Atomic(UInt32.random(in: 0..<1_000_000))

  // MARK: The thread

  /// Returns when the order is in force.
  private func apply(_ change: (inout Orders) -> Void) async {
    await withCheckedContinuation { continuation in
      let isClosed = orders.withLock { orders in
        if orders.isClosed { return true }
        change(&orders)
        orders.waiters.append(continuation)
        return false
      }
      if isClosed { continuation.resume() } else { wake.wake() }
    }
  }

  private func run(_ first: FileDescriptor) {
    var listener: FileDescriptor? = first
    var pairs: [Pair] = []
    while true {
      let (mode, mustCut, mustSwallow, isClosed, waiters) = orders.withLock { orders in
        defer {
          orders.mustCut = false
          orders.mustSwallow = false
          orders.waiters = []
        }
        return (orders.mode, orders.mustCut || orders.isClosed, orders.mustSwallow, orders.isClosed, orders.waiters)
      }
      if mustCut {
        for pair in pairs { end(pair) }
        pairs = []
      }
      if mustSwallow { for index in pairs.indices { pairs[index].isSwallowed = true } }
      if mode == .refuse || isClosed {
        try? listener?.close()
        listener = nil
      } else if listener == nil {
        listener = try? FileDescriptor.listen(on: port).socket
      }
      if mode == .pass { connectUpstream(&pairs) }
      for waiter in waiters { waiter.resume() }
      if isClosed { return }
      step(&pairs, listener: listener, forwards: mode == .pass)
    }
  }

  private func connectUpstream(_ pairs: inout [Pair]) {
    for index in pairs.indices where pairs[index].server == nil { pairs[index].server = try? FileDescriptor.connect(to: upstream) }
    for pair in pairs where pair.server == nil { end(pair) }
    pairs.removeAll { $0.server == nil }
  }

  private func step(_ pairs: inout [Pair], listener: FileDescriptor?, forwards: Bool) {
    var poll = PollSet()
    poll.add(wake.descriptor)
    poll.add(listener)
    for pair in pairs where forwards {
      poll.add(pair.isSwallowed ? nil : pair.client)
      poll.add(pair.isSwallowed ? nil : pair.server)
    }
    guard poll.wait(for: nil) else { return }
    if poll.isReady(0) { wake.drain() }
    for index in pairs.indices.reversed() where forwards {
      let isBroken =
        (poll.isReady(2 + 2 * index) && !forwardFromClient(&pairs[index]))
        || (poll.isReady(3 + 2 * index) && !forwardFromServer(pairs[index]))
      if isBroken { end(pairs.remove(at: index)) }
    }
    if poll.isReady(1), let client = try? listener?.acceptConnection() { pairs.append(Pair(client: client)) }
  }

  /// False when the pair is to end.
  private func forwardFromClient(_ pair: inout Pair) -> Bool {
    guard let server = pair.server, let bytes = receive(pair.client) else { return false }
    let trap = orders.withLock { orders -> Orders.Trap? in
      guard let trap = orders.trap, bytes.contains(trap.text) else { return nil }
      orders.trap = nil
      return trap
    }
    if let trap {
      guard trap.forwards else { return false }
      pair.withholdsReplies = true
    }
    return send(bytes, to: server)
  }

  private func forwardFromServer(_ pair: Pair) -> Bool {
    guard let server = pair.server, let bytes = receive(server), !pair.withholdsReplies else { return false }
    return send(bytes, to: pair.client)
  }

  private func receive(_ descriptor: FileDescriptor) -> [UInt8]? {
    guard let bytes = try? descriptor.readSome(upTo: 64 << 10), !bytes.isEmpty else { return nil }
    return bytes
  }

  private func send(_ bytes: [UInt8], to descriptor: FileDescriptor) -> Bool { (try? descriptor.writeCompletely(bytes)) != nil }

  private func end(_ pair: Pair) {
    pair.client.reset()
    try? pair.server?.close()
  }
}
