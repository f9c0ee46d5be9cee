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
  /// A connection that has not been checked for this long must answer, and take writes, before it is used.
  public var verifyInterval: Duration = .seconds(3)
  /// How long it may take to answer.
  public var verifyDeadline: Duration = .seconds(2)
  /// Between two attempts to connect while a caller waits.
  public var backoff = Backoff(minimum: .milliseconds(100), maximum: .seconds(2))

  public init(maximumConnections: Int = 2) { self.maximumConnections = max(1, maximumConnections) }
}

/// A few connections that are opened when needed and closed when idle.
public final class PostgresPool: PostgresExecutor {
  public let settings: ConnectionSettings
  public let configuration: PoolConfiguration

  private struct Lease {
    let connection: PostgresConnection
    /// Nil where there is a doubt.
    var checked: ContinuousClock.Instant? = .now
    var returned = ContinuousClock.now
  }

  private struct State {
    /// The one used last is last, and taken first: the others may then grow old and be closed.
    var idle: [Lease] = []
    /// Callers that hold a connection, or connect.
    var leased = 0
    /// Callers that wait for one of these to end, in order.
    var waiters: [Ticket] = []
    var closesIdle = false
    var isClosed = false

    /// It, and where it ended before its time also the idle ones: they are likely to have lost their server too, and a caller must not wait
    /// to find out for each.
    mutating func takeOut(_ lease: Lease) -> [Lease] {
      guard !lease.connection.isOpen else { return [lease] }
      defer { idle = [] }
      return idle + [lease]
    }
  }

  /// A caller that waits for its turn; nil is its turn.
  private typealias Ticket = Once<PostgresError?>

  private let loop: PostgresEventLoop
  private let logger: Logger
  private let state = Mutex(State())

  /// How often a statement that was never sent is tried on another connection.
  private static let attemptsOnDeadConnections = 3

  /// Whether each statement runs in a READ COMMITTED transaction of its own. This takes two exchanges more, and serves a database whose
  /// default is another isolation level.
  public var setsIsolation: Bool {
    get { isolates.load(ordering: .relaxed) }
    set { isolates.store(newValue, ordering: .relaxed) }
  }
  private let isolates = Atomic(false)

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
  /// Callers that wait for their turn.
  var waiterCount: Int { state.withLock(\.waiters.count) }

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
    if setsIsolation {
      do {
        let options = TransactionOptions(isolation: .readCommitted)
        return try await withTransaction(options) { try await $0.perform(statements, timeout: timeout) }
      } catch { throw error as? PostgresError ?? PostgresError(.protocolViolation, "\(error)") }
    }
    var attempt = 1
    while true {
      let lease = try await lease()
      let result: Result<[PostgresRows], PostgresError>
      do throws(PostgresError) { result = .success(try await lease.connection.perform(statements, timeout: timeout)) } catch {
        result = .failure(error)
      }
      giveBack(lease)
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
    let lease = try await lease()
    defer { giveBack(lease) }
    return try await body(lease.connection)
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
  private func lease() async throws(PostgresError) -> Lease {
    let deadline = CallLimit.deadline(configuration.acquireTimeout)
    try await takeTurn(until: deadline)
    do throws(PostgresError) {
      while var lease = state.withLock({ $0.idle.popLast() }) {
        if await isUsable(&lease) { return lease }
        logger.debug("discarding a dead connection")
        for lost in state.withLock({ $0.takeOut(lease) }) { await lost.connection.close() }
        if Task.isCancelled { throw Self.cancelled }
      }
      return Lease(connection: try await connect(until: deadline))
    } catch {
      giveBack(nil)
      throw error
    }
  }

  private func isUsable(_ lease: inout Lease) async -> Bool {
    guard lease.connection.isOpen else { return false }
    if let checked = lease.checked, ContinuousClock.now - checked < configuration.verifyInterval { return true }
    do throws(PostgresError) {
      try await lease.connection.check(within: configuration.verifyDeadline)
      lease.checked = .now
      return true
    } catch { return false }
  }

  /// Has what is idle checked before it is used again: another connection has lost the server.
  func doubtIdleConnections() {
    state.withLock { state in for index in state.idle.indices { state.idle[index].checked = nil } }
  }

  /// Tries again until the deadline, if that may help.
  private func connect(until deadline: ContinuousClock.Instant) async throws(PostgresError) -> PostgresConnection {
    var backoff = configuration.backoff
    var settings = settings
    var lastError: PostgresError?
    while true {
      settings.connectTimeout = min(settings.connectTimeout, max(ContinuousClock.now.duration(to: deadline), .milliseconds(1)))
      do throws(PostgresError) {
        return try await PostgresConnection.connect(settings, on: loop, logger: logger)
      } catch {
        logger.debug("connecting failed", metadata: ["reason": "\(error)"])
        if state.withLock(\.isClosed) { throw Self.closed }
        guard error.code == .connectionFailed else { throw error }
        // What a server said tells more than that the last attempt had too little time.
        if lastError == nil || !error.attempts.allSatisfy({ $0.kind == .timedOut }) { lastError = error }
        let pause = backoff.next(random: .random(in: 0..<1))
        guard ContinuousClock.now + pause < deadline else {
          let reason = lastError ?? error
          let message = "No connection to Postgres within \(configuration.acquireTimeout). \(reason.message)"
          throw PostgresError(.poolTimeout, message, attempts: reason.attempts, underlying: reason)
        }
        try? await Task.pause(for: pause)
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
      try? await Task.pause(until: deadline)
      if !Task.isCancelled { ticket.set(timeoutError()) }
    }
    let refusal = await ticket.wait() ?? (ticket.set(Self.cancelled) ? Self.cancelled : ticket.value ?? nil)
    timer.cancel()
    guard let refusal else { return }
    state.withLock { $0.waiters.removeAll { $0 === ticket } }
    throw refusal
  }

  /// Ends a turn.
  private func giveBack(_ lease: Lease?) {
    let (lost, mustTick) = state.withLock { state in
      let keeps = lease.map { !state.isClosed && $0.connection.isOpen && $0.connection.isOutsideTransaction } ?? false
      let lost = keeps ? [] : lease.map { state.takeOut($0) } ?? []
      if keeps, var lease {
        lease.returned = .now
        state.idle.append(lease)
      }
      // A ticket that was given up meanwhile does not take its turn.
      while !state.waiters.isEmpty {
        if state.waiters.removeFirst().set(nil) { return (lost, false) }
      }
      state.leased -= 1
      let mustTick = keeps && !state.closesIdle
      if mustTick { state.closesIdle = true }
      return (lost, mustTick)
    }
    if !lost.isEmpty { Task { for lease in lost { await lease.connection.close() } } }
    if mustTick { closeIdleConnections() }
  }

  /// Runs until nothing is idle.
  private func closeIdleConnections() {
    Task { [weak self, configuration] in
      repeat { try? await Task.pause(until: .next(configuration.idleTimeout / 6)) } while await self?.closeOldConnections() == true
    }
  }

  private func closeOldConnections() async -> Bool {
    let (old, isRunning) = state.withLock { state in
      let limit = ContinuousClock.now - configuration.idleTimeout
      let old = state.idle.filter { $0.returned <= limit }
      state.idle.removeAll { $0.returned <= limit }
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
        + "\(openCount) of \(configuration.maximumConnections) are in use, and \(waiterCount) callers wait.")
  }

  private static let closed = PostgresError(.closed, "The connection pool is closed.")
  private static let cancelled = PostgresError(.cancelled, "Waiting for a connection was cancelled.")
}
