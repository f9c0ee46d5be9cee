import Logging
import Synchronization

/// Hears NOTIFY for as long as `run` runs, on a connection of its own that is never inside a transaction.
///
/// After each connect it sends LISTEN for all channels, says `.connected`, and proves by a notification from a second connection that
/// they arrive. A query at intervals finds connections that died silently. It reconnects for ever.
public final class PostgresListener: Sendable {
  public let channels: [String]

  private let settings: ConnectionSettings
  private let configuration: ListenerConfiguration
  private let loop: PostgresEventLoop
  private let logger: Logger
  private let clock: any Clock<Duration>
  private let random: @Sendable () -> Double
  private let selfTest: SelfTest
  private let listenScript: String
  private let hub: EventHub
  /// Only once it is proven: a transaction pooler passes the self-test's notification on with the answer to another statement, which it never
  /// does while nothing is asked.
  private let proven = Mutex<PostgresConnection?>(nil)

  /// - Parameters:
  ///   - channels: exact names (upper and lower case matter), at most 63 bytes each. Else throws `.invalidParameter`.
  ///   - notifier: what the self-test sends its NOTIFY through, such as the pool of the same database; nil opens a connection for it.
  ///   - clock: for intervals and backoff; deadlines of input and output are real time.
  ///   - random: in 0..<1, for the jitter.
  public init(
    _ settings: ConnectionSettings, channels: [String], _ configuration: ListenerConfiguration = ListenerConfiguration(),
    notifyingThrough notifier: (any PostgresExecutor)? = nil, on loop: PostgresEventLoop = .shared, logger: Logger = .silent,
    clock: any Clock<Duration> = ContinuousClock(), random: @escaping @Sendable () -> Double = { .random(in: 0..<1) }
  ) throws(PostgresError) {
    self.settings = settings
    self.channels = channels
    self.configuration = configuration
    self.loop = loop
    self.logger = logger
    self.clock = clock
    self.random = random
    var script = ""
    for channel in channels { script += "LISTEN \(try PostgresQuoting.identifier(channel));" }
    listenScript = script
    hub = EventHub(capacity: configuration.bufferedEvents)
    selfTest = SelfTest(settings: settings, notifier: notifier, limit: configuration.selfTestLimit, loop: loop, clock: clock, hub: hub)
  }

  /// For one consumer.
  public var events: ListenerEvents { ListenerEvents(mailbox: hub.mailbox) }

  public var state: ListenerState { hub.current }

  /// Runs one statement on the listening connection, which saves a second one for what is rare and short: notifications wait until it has
  /// ended. It must commit by itself.
  ///
  /// - Returns: nil while nothing listens, or nothing proves that notifications arrive.
  /// - Throws: as `PostgresConnection.query`.
  public func query(
    _ statement: String, _ parameters: [PostgresParameter] = [], timeout: Duration, planning: Planning = .anew
  ) async throws(PostgresError) -> PostgresRows? {
    guard let connection = proven.withLock(\.self) else { return nil }
    return try await connection.query(statement, parameters, timeout: timeout, planning: planning)
  }

  /// Listens until the task is cancelled. To be called once.
  public func run() async {
    var lifecycle = ListenerLifecycle(configuration)
    var step = ListenerLifecycle.Step.connect
    var connection: PostgresConnection?
    while !Task.isCancelled {
      let event: ListenerLifecycle.Event?
      (event, connection) = await carryOut(step, connection)
      guard let event, !Task.isCancelled else {
        step = .connect
        continue
      }
      step = lifecycle.handle(event, random: random())
      report(event, lifecycle.state, step)
      if case .lost = event {
        proven.withLock { $0 = nil }
        await connection?.close()
        connection = nil
      }
    }
    proven.withLock { $0 = nil }
    await connection?.close()
    hub.change(.stopped)
    hub.mailbox.finish()
  }

  /// A nil event: wait no longer, connect.
  private func carryOut(
    _ step: ListenerLifecycle.Step, _ connection: PostgresConnection?
  ) async -> (ListenerLifecycle.Event?, PostgresConnection?) {
    switch step {
    case .connect:
      do throws(PostgresError) {
        let new = try await PostgresConnection.connect(settings, on: loop, logger: logger) { [hub] in hub.receive($0) }
        return (.connected, new)
      } catch { return (.lost(error), nil) }
    case .reconnectAfter(let wait):
      try? await clock.sleep(for: wait)
      return (nil, nil)
    case .listen, .selfTest, .checkLivenessAfter:
      guard let connection else { return (nil, nil) }
      do throws(PostgresError) {
        return (try await carryOut(step, on: connection), connection)
      } catch { return (.lost(error.withoutDoubt), connection) }
    }
  }

  private func carryOut(_ step: ListenerLifecycle.Step, on connection: PostgresConnection) async throws(PostgresError) -> ListenerLifecycle
    .Event?
  {
    switch step {
    case .listen:
      if !listenScript.isEmpty { try await connection.execute(listenScript, timeout: configuration.livenessDeadline) }
      return .listened
    case .selfTest(let announcing):
      if announcing { hub.mailbox.post(.connected) }
      let result = try await selfTest.run(on: connection, timeout: configuration.livenessDeadline)
      if case .delivered = result { proven.withLock { $0 = connection } }
      return .tested(result)
    case .checkLivenessAfter(let interval):
      if let error = await endOf(connection, within: interval) { throw error }
      try await connection.ping(within: configuration.livenessDeadline)
      return .alive
    case .connect, .reconnectAfter: return nil
    }
  }

  /// Nil when the time has passed and it lives.
  private func endOf(_ connection: PostgresConnection, within interval: Duration) async -> PostgresError? {
    await withTaskGroup(of: PostgresError?.self) { [clock] group in
      group.addTask {
        try? await clock.sleep(for: interval)
        return nil
      }
      group.addTask { await connection.waitUntilClosed() }
      let first = await group.next() ?? nil
      group.cancelAll()
      return first
    }
  }

  private func report(_ event: ListenerLifecycle.Event, _ state: ListenerState, _ next: ListenerLifecycle.Step) {
    switch event {
    case .connected, .listened, .alive: break
    case .tested:
      // The consumer hears of each test, and knows whether it is worth a warning.
      logger.debug("tested whether notifications arrive", metadata: ["state": "\(state)"])
      hub.change(state)
    case .lost(let error):
      logger.info("listener disconnected", metadata: ["reason": "\(error)", "next": "\(next)"])
      hub.change(state)
    }
  }
}
