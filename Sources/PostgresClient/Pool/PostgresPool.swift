import Logging

/// Size and times of a pool.
public struct PoolConfiguration: Sendable {
  /// Connections open at once.
  public var maximumConnections: Int
  /// How long a caller waits for a connection, attempts to connect included.
  public var acquireTimeout: Duration = .seconds(10)
  /// An idle connection is closed after this, at most a quarter later.
  public var idleTimeout: Duration = .seconds(60)
  /// A connection that was idle for a quarter of `idleTimeout` must answer within this time before it is used.
  public var verifyDeadline: Duration = .seconds(2)
  /// Between two attempts to connect while a caller waits.
  public var backoff = Backoff(minimum: .milliseconds(100), maximum: .seconds(2))

  public init(maximumConnections: Int = 2) { self.maximumConnections = max(1, maximumConnections) }
}

/// A few connections that are opened when needed and closed when idle.
public actor PostgresPool {
  public nonisolated let settings: ConnectionSettings
  public nonisolated let configuration: PoolConfiguration

  private nonisolated let loop: PostgresEventLoop
  private nonisolated let logger: Logger
  private nonisolated let clock: any Clock<Duration>
  private nonisolated let random: @Sendable () -> Double

  private typealias Waiter = CheckedContinuation<Result<Lease, PostgresError>, Never>

  /// A connection as it is handed out.
  struct Lease: Sendable {
    let id: PoolBookkeeping.ConnectionID
    let connection: PostgresConnection
    let mustVerify: Bool
  }

  private var books: PoolBookkeeping
  private var connections: [PoolBookkeeping.ConnectionID: PostgresConnection] = [:]
  private var waiters: [PoolBookkeeping.WaiterID: Waiter] = [:]
  private var backoff: Backoff
  private var lastError: PostgresError?
  private var lastNumber: UInt64 = 0
  private var tasks: [UInt64: Task<Void, Never>] = [:]
  private var isClosed = false

  /// Opens nothing yet. `clock` serves pauses and idle times, `random` (in 0..<1) the jitter.
  public init(
    _ settings: ConnectionSettings, _ configuration: PoolConfiguration = PoolConfiguration(), on loop: PostgresEventLoop = .shared,
    logger: Logger = .silent, clock: any Clock<Duration> = ContinuousClock(),
    random: @escaping @Sendable () -> Double = { .random(in: 0..<1) }
  ) {
    self.settings = settings
    self.configuration = configuration
    self.loop = loop
    self.logger = logger
    self.clock = clock
    self.random = random
    books = PoolBookkeeping(maximum: configuration.maximumConnections)
    backoff = configuration.backoff
  }

  /// Connections that are open now, and how many of them are idle.
  public var counts: (open: Int, idle: Int) { (books.openCount, books.idleCount) }

  /// Closes idle connections now, others when they are returned; callers that wait throw `.closed`.
  public func close() {
    isClosed = true
    lastError = nil
    apply(books.close())
    for task in tasks.values { task.cancel() }
  }

  // MARK: leasing

  /// Throws `.poolTimeout`, `.cancelled`, `.closed`, or what connecting throws when it is pointless to try again.
  func lease() async throws(PostgresError) -> Lease {
    while true {
      let lease = try await takeLease()
      if lease.connection.isOpen {
        guard lease.mustVerify else { return lease }
        if await Self.isAlive(lease.connection, within: configuration.verifyDeadline) { return lease }
        if Task.isCancelled {
          giveBack(lease)
          throw PostgresError(.cancelled, "Waiting for a connection was cancelled.")
        }
      }
      logger.debug("discarding a dead connection")
      giveBack(lease)
    }
  }

  func giveBack(_ lease: Lease) {
    apply(books.released(lease.id, isUsable: lease.connection.isOpen && lease.connection.isOutsideTransaction))
  }

  private static func isAlive(_ connection: PostgresConnection, within limit: Duration) async -> Bool {
    do throws(PostgresError) {
      try await connection.ping(within: limit)
      return true
    } catch { return false }
  }

  private func takeLease() async throws(PostgresError) -> Lease {
    let waiter = newNumber()
    var timer: Task<Void, Never>?
    let result = await withTaskCancellationHandler {
      await withCheckedContinuation { (continuation: Waiter) in
        waiters[waiter] = continuation
        apply(books.request(waiter))
        guard waiters[waiter] != nil else { return }
        if Task.isCancelled { return withdraw(waiter, isTimeout: false) }
        timer = Task { [clock, configuration, weak self] in
          try? await clock.sleep(for: configuration.acquireTimeout)
          if !Task.isCancelled { await self?.withdraw(waiter, isTimeout: true) }
        }
      }
    } onCancel: {
      Task { await self.withdraw(waiter, isTimeout: false) }
    }
    timer?.cancel()
    return try result.get()
  }

  private func withdraw(_ waiter: PoolBookkeeping.WaiterID, isTimeout: Bool) {
    guard books.withdraw(waiter) else { return }
    let error = isTimeout ? timeoutError() : PostgresError(.cancelled, "Waiting for a connection was cancelled.")
    waiters.removeValue(forKey: waiter)?.resume(returning: .failure(error))
  }

  private func timeoutError() -> PostgresError {
    let limit = configuration.acquireTimeout
    guard let lastError else {
      return PostgresError(
        .poolTimeout,
        "No connection to Postgres at \(settings.redactedDescription) became free within \(limit); \(books.openCount) of "
          + "\(configuration.maximumConnections) are in use.")
    }
    return PostgresError(
      .poolTimeout, "No connection to Postgres within \(limit). \(lastError.message)", attempts: lastError.attempts, underlying: lastError)
  }

  // MARK: what the books say

  private func apply(_ actions: [PoolBookkeeping.Action]) {
    for action in actions {
      switch action {
      case .open: start { await $0.open() }
      case .lease(let id, let waiter, let mustVerify): hand(id, to: waiter, mustVerify)
      case .close(let id):
        if let connection = connections.removeValue(forKey: id) { Task { await connection.close() } }
      case .retryLater: start { await $0.retryLater() }
      case .fail(let ids):
        let error = isClosed ? PostgresError(.closed, "The connection pool is closed.") : lastError
        for id in ids {
          waiters.removeValue(forKey: id)?.resume(
            returning: .failure(error ?? PostgresError(.connectionFailed, "Cannot connect to Postgres at \(settings.redactedDescription)."))
          )
        }
      case .startTicking: start { await $0.tick() }
      }
    }
  }

  private func hand(_ id: PoolBookkeeping.ConnectionID, to waiter: PoolBookkeeping.WaiterID, _ mustVerify: Bool) {
    guard let continuation = waiters.removeValue(forKey: waiter), let connection = connections[id] else { return }
    continuation.resume(returning: .success(Lease(id: id, connection: connection, mustVerify: mustVerify)))
  }

  private func open() async {
    do throws(PostgresError) {
      let connection = try await PostgresConnection.connect(settings, on: loop, logger: logger)
      let id = newNumber()
      connections[id] = connection
      lastError = nil
      backoff.reset()
      start { pool in
        _ = await connection.waitUntilClosed()
        pool.died(id)
      }
      apply(books.opened(id))
    } catch {
      lastError = isClosed ? nil : error
      logger.debug("connecting failed", metadata: ["reason": "\(error)"])
      apply(books.openFailed(isPermanent: error.code == .authenticationFailed || error.code == .tlsFailed))
    }
  }

  private func retryLater() async {
    try? await clock.sleep(for: backoff.next(random: random()))
    apply(books.retry())
  }

  private func died(_ id: PoolBookkeeping.ConnectionID) { apply(books.died(id)) }

  private func tick() async {
    try? await clock.sleep(for: configuration.idleTimeout / PoolBookkeeping.ticksToClose)
    if !Task.isCancelled { apply(books.tick()) }
  }

  /// Work that ends with the pool.
  private func start(_ work: @escaping @Sendable (isolated PostgresPool) async -> Void) {
    let number = newNumber()
    tasks[number] = Task { [weak self] in
      guard let self else { return }
      await work(self)
      await self.forget(number)
    }
  }

  private func forget(_ number: UInt64) { tasks.removeValue(forKey: number) }

  private func newNumber() -> UInt64 {
    lastNumber += 1
    return lastNumber
  }
}
