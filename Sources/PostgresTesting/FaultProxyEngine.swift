import ProcessTesting
import Synchronization

#if canImport(Darwin)
  import Darwin
#elseif canImport(Musl)
  import Musl
#else
  import Glibc
#endif

/// Orders to the proxy.
struct FaultProxyOrders {
  enum Mode { case pass, blackHole, refuse }
  struct Trap {
    let text: [UInt8]
    let forwards: Bool
  }

  var mode = Mode.pass
  var mustCut = false
  var isClosed = false
  var trap: Trap?
  var waiters: [CheckedContinuation<Void, Never>] = []
}

/// The proxy's thread.
final class FaultProxyEngine: Sendable {
  /// A client and its connection to the server.
  private struct Pair {
    let client: Int32
    var server: Int32?
    var withholdsReplies = false
  }

  private let orders = Mutex(FaultProxyOrders())
  private let firstListener: Int32
  private let port: UInt16
  private let upstream: UInt16
  private let wake: (read: Int32, write: Int32)

  init(listener: Int32, port: UInt16, upstream: UInt16) throws(TestingError) {
    wake = try Descriptors.makePipe()
    firstListener = listener
    self.port = port
    self.upstream = upstream
  }

  /// Not closed when the thread ends: a late order would be written to whatever file has the descriptor by then.
  deinit {
    close(wake.read)
    close(wake.write)
  }

  func command(_ change: (inout FaultProxyOrders) -> Void) {
    orders.withLock { change(&$0) }
    signal()
  }

  /// Returns when the order is in force.
  func apply(_ change: (inout FaultProxyOrders) -> Void) async {
    await withCheckedContinuation { continuation in
      let isClosed = orders.withLock { orders in
        if orders.isClosed { return true }
        change(&orders)
        orders.waiters.append(continuation)
        return false
      }
      if isClosed { continuation.resume() } else { signal() }
    }
  }

  private func signal() {
    var byte: UInt8 = 1
    _ = write(wake.write, &byte, 1)
  }

  func run() {
    var pairs: [Pair] = []
    var listener: Int32? = firstListener
    while true {
      let (mode, mustCut, isClosed, waiters) = orders.withLock { orders in
        defer {
          orders.mustCut = false
          orders.waiters = []
        }
        return (orders.mode, orders.mustCut, orders.isClosed, orders.waiters)
      }
      if mustCut || isClosed {
        for pair in pairs { end(pair) }
        pairs = []
      }
      if mode == .refuse || isClosed {
        if let open = listener { close(open) }
        listener = nil
      } else if listener == nil {
        listener = try? Loopback.listen(on: port).descriptor
      }
      if mode == .pass { connectUpstream(&pairs) }
      for waiter in waiters { waiter.resume() }
      if isClosed { break }
      step(&pairs, listener: listener, forwards: mode == .pass)
    }
  }

  private func connectUpstream(_ pairs: inout [Pair]) {
    for index in pairs.indices where pairs[index].server == nil { pairs[index].server = Loopback.dial(upstream) }
    for pair in pairs where pair.server == nil { end(pair) }
    pairs.removeAll { $0.server == nil }
  }

  private func step(_ pairs: inout [Pair], listener: Int32?, forwards: Bool) {
    var set = [pollfd(fd: wake.read, events: Int16(POLLIN), revents: 0)]
    set.append(pollfd(fd: listener ?? -1, events: Int16(POLLIN), revents: 0))
    if forwards {
      for pair in pairs {
        set.append(pollfd(fd: pair.client, events: Int16(POLLIN), revents: 0))
        set.append(pollfd(fd: pair.server ?? -1, events: Int16(POLLIN), revents: 0))
      }
    }
    guard poll(&set, nfds_t(set.count), -1) > 0 else { return }
    if set[0].revents != 0 {
      var byte: UInt8 = 0
      _ = read(wake.read, &byte, 1)
    }
    var ended: Set<Int> = []
    if forwards {
      for index in pairs.indices {
        let clientIsReady = set[2 + 2 * index].revents != 0
        let serverIsReady = set[3 + 2 * index].revents != 0
        if (clientIsReady && !forwardFromClient(&pairs[index])) || (serverIsReady && !forwardFromServer(pairs[index])) {
          ended.insert(index)
        }
      }
    }
    for index in ended.sorted(by: >) { end(pairs.remove(at: index)) }
    if set[1].revents != 0, let listener {
      let client = Descriptors.make { accept(listener, nil, nil) }
      if client >= 0 { pairs.append(Pair(client: client)) }
    }
  }

  /// False if the pair must end.
  private func forwardFromClient(_ pair: inout Pair) -> Bool {
    guard let server = pair.server, let bytes = receive(pair.client) else { return false }
    let trap = orders.withLock { orders -> FaultProxyOrders.Trap? in
      guard let trap = orders.trap, Self.contains(bytes, trap.text) else { return nil }
      orders.trap = nil
      return trap
    }
    if let trap {
      guard trap.forwards else { return false }
      pair.withholdsReplies = true
    }
    return sendAll(bytes, to: server)
  }

  private func forwardFromServer(_ pair: Pair) -> Bool {
    guard let server = pair.server, let bytes = receive(server), !pair.withholdsReplies else { return false }
    return sendAll(bytes, to: pair.client)
  }

  private func receive(_ descriptor: Int32) -> [UInt8]? {
    let bytes = [UInt8](unsafeUninitializedCapacity: 65_536) { buffer, count in
      count = max(0, recv(descriptor, buffer.baseAddress, buffer.count, 0))
    }
    return bytes.isEmpty ? nil : bytes
  }

  private func sendAll(_ bytes: [UInt8], to descriptor: Int32) -> Bool {
    var sent = 0
    while sent < bytes.count {
      #if canImport(Darwin)
        let flags: Int32 = 0
      #else
        let flags = Int32(MSG_NOSIGNAL)
      #endif
      let count = bytes.withUnsafeBytes { send(descriptor, $0.baseAddress?.advanced(by: sent), bytes.count - sent, flags) }
      guard count > 0 else { return false }
      sent += count
    }
    return true
  }

  private func end(_ pair: Pair) {
    Loopback.reset(pair.client)
    if let server = pair.server { close(server) }
  }

  private static func contains(_ bytes: [UInt8], _ text: [UInt8]) -> Bool {
    guard !text.isEmpty, bytes.count >= text.count else { return false }
    return (0...(bytes.count - text.count)).contains { bytes[$0..<($0 + text.count)].elementsEqual(text) }
  }
}
