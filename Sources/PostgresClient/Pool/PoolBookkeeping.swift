/// Which connection is whose, and who waits. Pure: returns what the pool is to do.
struct PoolBookkeeping {
  typealias ConnectionID = UInt64
  typealias WaiterID = UInt64

  enum Action: Equatable {
    /// Open one connection, then call `opened` or `openFailed`.
    case open
    /// Give this connection to this waiter; it may be dead if `mustVerify`.
    case lease(ConnectionID, WaiterID, mustVerify: Bool)
    case close(ConnectionID)
    /// Nothing was opened; call `retry` after a pause.
    case retryLater
    /// Tell all waiters the reason and forget them.
    case fail([WaiterID])
    /// Call `tick` at intervals from now on.
    case startTicking
  }

  /// Ticks after which an idle connection is closed.
  static let ticksToClose = 4

  private struct Idle {
    let id: ConnectionID
    var age = 0
  }

  private let maximum: Int
  private var idle: [Idle] = []
  private var leased: Set<ConnectionID> = []
  private var waiters: [WaiterID] = []
  private var opening = 0
  private var isTicking = false
  private var isClosed = false

  init(maximum: Int) { self.maximum = max(1, maximum) }

  var openCount: Int { idle.count + leased.count }
  var idleCount: Int { idle.count }

  mutating func request(_ waiter: WaiterID) -> [Action] {
    guard !isClosed else { return [.fail([waiter])] }
    waiters.append(waiter)
    return serve()
  }

  /// False when it is not waiting any more.
  mutating func withdraw(_ waiter: WaiterID) -> Bool {
    guard let index = waiters.firstIndex(of: waiter) else { return false }
    waiters.remove(at: index)
    return true
  }

  mutating func opened(_ connection: ConnectionID) -> [Action] {
    opening -= 1
    guard !isClosed else { return [.close(connection)] }
    idle.append(Idle(id: connection))
    return serve() + tickIfNeeded()
  }

  /// A permanent failure (a wrong password) fails all waiters; other failures are retried while there are waiters.
  mutating func openFailed(isPermanent: Bool) -> [Action] {
    if isPermanent || waiters.isEmpty || isClosed {
      opening -= 1
      defer { waiters = [] }
      return waiters.isEmpty ? [] : [.fail(waiters)]
    }
    return [.retryLater]
  }

  /// After the pause.
  mutating func retry() -> [Action] {
    opening -= 1
    return serve()
  }

  mutating func released(_ connection: ConnectionID, isUsable: Bool) -> [Action] {
    guard leased.remove(connection) != nil else { return [] }
    guard isUsable, !isClosed else { return [.close(connection)] + serve() }
    idle.append(Idle(id: connection))
    return serve() + tickIfNeeded()
  }

  /// Its end was noticed. A leased one stays counted until it is released.
  mutating func died(_ connection: ConnectionID) -> [Action] {
    guard let index = idle.firstIndex(where: { $0.id == connection }) else { return [] }
    idle.remove(at: index)
    return [.close(connection)]
  }

  mutating func tick() -> [Action] {
    for index in idle.indices { idle[index].age += 1 }
    let old = idle.filter { $0.age > Self.ticksToClose }
    idle.removeAll { $0.age > Self.ticksToClose }
    isTicking = false
    return old.map { .close($0.id) } + tickIfNeeded()
  }

  mutating func close() -> [Action] {
    isClosed = true
    defer {
      idle = []
      waiters = []
    }
    return idle.map { .close($0.id) } + (waiters.isEmpty ? [] : [.fail(waiters)])
  }

  /// The connection used last comes first: the others may then grow old and be closed.
  private mutating func serve() -> [Action] {
    var actions: [Action] = []
    while !waiters.isEmpty, let connection = idle.popLast() {
      leased.insert(connection.id)
      actions.append(.lease(connection.id, waiters.removeFirst(), mustVerify: connection.age > 0))
    }
    while opening < waiters.count, openCount + opening < maximum {
      opening += 1
      actions.append(.open)
    }
    return actions
  }

  private mutating func tickIfNeeded() -> [Action] {
    guard !idle.isEmpty, !isTicking, !isClosed else { return [] }
    isTicking = true
    return [.startTicking]
  }
}
