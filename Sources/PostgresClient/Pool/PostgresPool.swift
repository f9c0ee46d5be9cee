import Logging
import Synchronization
import SystemSupport

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
public final class PostgresPool: PostgresExecutor {
  public let settings: ConnectionSettings
  public let configuration: PoolConfiguration

  private struct Idle {
    let connection: PostgresConnection
    let since = ContinuousClock.now
  }

  private struct State {
    /// The one used last is last, and taken first: the others may then grow old and be closed.
    var idle: [Idle] = []
    /// Callers that hold a connection, or connect.
    var leased = 0
    /// Callers that wait for one of these to end, in order.
    var waiters: [Ticket] = []
    var closesIdle = false
    var isClosed = false
  }

  /// A caller that waits for its turn; nil is its turn.
  private typealias Ticket = Once<PostgresError?>

  private let loop: PostgresEventLoop
  private let logger: Logger
  private let state = Mutex(State())

  /// How often a statement that was never sent is tried on another connection.
  private static let attemptsOnDeadConnections = 3

  /// Opens nothing yet.
  public init(
    _ settings: ConnectionSettings, _ configuration: PoolConfiguration = PoolConfiguration(), on loop: PostgresEventLoop = .shared,
    logger: Logger = .silent
  ) {
    self.settings = settings
    self.configuration = configuration
    self.loop = loop
    self.logger = logger
  }

  /// Connections that are open now or being opened.
  var openCount: Int { state.withLock { $0.leased + $0.idle.count } }

  /// Closes idle connections now, others when they are returned; callers that wait throw `.closed`.
  public func close() async {
    let (idle, waiters) = state.withLock { state in
      state.isClosed = true
      defer { (state.idle, state.waiters) = ([], []) }
      return (state.idle, state.waiters)
    }
    for waiter in waiters { waiter.set(Self.closed) }
    for one in idle { await one.connection.close() }
  }

  // MARK: Statements

  /// When the connection proves dead before anything was sent, another one is taken; after it was sent, the outcome is unknown and the
  /// error says so.
  public func perform(_ statements: PostgresStatements, timeout: Duration?) async throws(PostgresError) -> [PostgresRows] {
    var attempt = 1
    while true {
      let connection = try await lease()
      let result: Result<[PostgresRows], PostgresError>
      do throws(PostgresError) { result = .success(try await connection.perform(statements, timeout: timeout)) } catch {
        result = .failure(error)
      }
      giveBack(connection)
      // For an autocommit statement this says that nothing was sent.
      guard case .failure(let error) = result, error.code == .connectionLost, attempt < Self.attemptsOnDeadConnections else {
        return try result.get()
      }
      attempt += 1
    }
  }

  /// Lends a connection to the body. One that is left inside a transaction, or broken, is closed afterwards; other session
  /// state (SET, LISTEN, temporary tables) is not reset.
  @discardableResult
  public func withConnection<T>(
    isolation: isolated (any Actor)? = #isolation, _ body: (PostgresConnection) async throws -> T
  ) async throws -> T {
    let connection = try await lease()
    defer { giveBack(connection) }
    return try await body(connection)
  }

  /// As `PostgresConnection.withTransaction`. A connection that proves dead at BEGIN is replaced; the body runs at most once.
  @discardableResult
  public func withTransaction<T>(
    _ options: TransactionOptions = TransactionOptions(), isolation: isolated (any Actor)? = #isolation,
    _ body: (PostgresTransaction) async throws -> T
  ) async throws -> T {
    var attempt = 1
    while true {
      var hasBegun = false
      do {
        return try await withConnection { connection in
          try await connection.withTransaction(options) { transaction in
            hasBegun = true
            return try await body(transaction)
          }
        }
      } catch let error as PostgresError where error.code == .connectionLost && !hasBegun && attempt < Self.attemptsOnDeadConnections {
        attempt += 1
      }
    }
  }

  // MARK: Leasing

  /// Throws `.poolTimeout`, `.cancelled`, `.closed`, or what connecting throws when it is pointless to try again.
  private func lease() async throws(PostgresError) -> PostgresConnection {
    let deadline = ContinuousClock.now + configuration.acquireTimeout
    try await takeTurn(until: deadline)
    do throws(PostgresError) {
      while let idle = state.withLock({ $0.idle.popLast() }) {
        if await isUsable(idle) { return idle.connection }
        logger.debug("discarding a dead connection")
        await idle.connection.close()
        if Task.isCancelled { throw Self.cancelled }
      }
      return try await connect(until: deadline)
    } catch {
      endTurn(keeping: nil)
      throw error
    }
  }

  private func giveBack(_ connection: PostgresConnection) {
    let isKept = endTurn(keeping: connection.isOpen && connection.isOutsideTransaction ? connection : nil)
    if !isKept { Task { await connection.close() } }
  }

  private func isUsable(_ idle: Idle) async -> Bool {
    guard idle.connection.isOpen else { return false }
    guard ContinuousClock.now - idle.since >= configuration.idleTimeout / 4 else { return true }
    do throws(PostgresError) {
      try await idle.connection.ping(within: configuration.verifyDeadline)
      return true
    } catch { return false }
  }

  /// Tries again until the deadline, if that may help.
  private func connect(until deadline: ContinuousClock.Instant) async throws(PostgresError) -> PostgresConnection {
    var backoff = configuration.backoff
    var settings = settings
    while true {
      settings.connectTimeout = min(settings.connectTimeout, max(ContinuousClock.now.duration(to: deadline), .milliseconds(1)))
      do throws(PostgresError) {
        return try await PostgresConnection.connect(settings, on: loop, logger: logger)
      } catch {
        logger.debug("connecting failed", metadata: ["reason": "\(error)"])
        if state.withLock(\.isClosed) { throw Self.closed }
        guard error.code == .connectionFailed else { throw error }
        let pause = backoff.next(random: .random(in: 0..<1))
        guard ContinuousClock.now + pause < deadline else {
          let message = "No connection to Postgres within \(configuration.acquireTimeout). \(error.message)"
          throw PostgresError(.poolTimeout, message, attempts: error.attempts, underlying: error)
        }
        try? await Task.sleep(for: pause)
      }
    }
  }

  /// Returns when the caller may hold a connection. `endTurn` must follow.
  private func takeTurn(until deadline: ContinuousClock.Instant) async throws(PostgresError) {
    let ticket = try state.withLock { state throws(PostgresError) -> Ticket? in
      if state.isClosed { throw Self.closed }
      guard state.leased == configuration.maximumConnections else {
        state.leased += 1
        return nil
      }
      let ticket = Ticket()
      state.waiters.append(ticket)
      return ticket
    }
    guard let ticket else { return }
    let timer = Task {
      try? await Task.sleep(until: deadline)
      if !Task.isCancelled { ticket.set(timeoutError()) }
    }
    let refusal = await ticket.wait() ?? (ticket.set(Self.cancelled) ? Self.cancelled : ticket.value ?? nil)
    timer.cancel()
    guard let refusal else { return }
    state.withLock { $0.waiters.removeAll { $0 === ticket } }
    throw refusal
  }

  /// - Returns: false when the connection must be closed.
  @discardableResult
  private func endTurn(keeping connection: PostgresConnection?) -> Bool {
    let (isKept, mustTick) = state.withLock { state in
      let kept = state.isClosed ? nil : connection
      if let kept { state.idle.append(Idle(connection: kept)) }
      // A ticket that was given up meanwhile does not take its turn.
      while !state.waiters.isEmpty {
        if state.waiters.removeFirst().set(nil) { return (kept != nil, false) }
      }
      state.leased -= 1
      let mustTick = kept != nil && !state.closesIdle
      if mustTick { state.closesIdle = true }
      return (kept != nil, mustTick)
    }
    if mustTick { closeIdleConnections() }
    return isKept
  }

  /// Runs until nothing is idle.
  private func closeIdleConnections() {
    Task { [weak self, configuration] in
      repeat { try? await Task.sleep(for: configuration.idleTimeout / 4) } while await self?.closeOldConnections() == true
    }
  }

  private func closeOldConnections() async -> Bool {
    let (old, isRunning) = state.withLock { state in
      let limit = ContinuousClock.now - configuration.idleTimeout
      let old = state.idle.filter { $0.since <= limit }
      state.idle.removeAll { $0.since <= limit }
      state.closesIdle = !state.idle.isEmpty
      return (old, state.closesIdle)
    }
    for idle in old { await idle.connection.close() }
    return isRunning
  }

  private func timeoutError() -> PostgresError {
    PostgresError(
      .poolTimeout,
      "No connection to Postgres at \(settings.redactedDescription) became free within \(configuration.acquireTimeout); "
        + "\(openCount) of \(configuration.maximumConnections) are in use.")
  }

  private static let closed = PostgresError(.closed, "The connection pool is closed.")
  private static let cancelled = PostgresError(.cancelled, "Waiting for a connection was cancelled.")
}
