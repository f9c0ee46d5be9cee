import Logging
import Synchronization
import SystemSupport

/// Hears NOTIFY for as long as `run` runs, on a connection of its own that is never inside a transaction.
///
/// After each connect it sends LISTEN for all channels, says `.connected`, and proves by a notification from a second connection that
/// they arrive. A query at intervals finds connections that died silently, and servers that take no writes any more. It reconnects for
/// ever. Through a transaction pooler it sends no LISTEN: that would stay behind on a connection that others get.
public final class PostgresListener: Sendable {
  private struct Shared {
    var state = ListenerState.connecting
    /// Only once it is proven: a transaction pooler passes the self-test's notification on with the answer to another statement, which it
    /// never does while nothing is asked.
    var proven: PostgresConnection?
    /// Something happened that no notification told.
    var isDoubted = false
    var heard = 0
    /// The channel of the self-test that runs.
    var probe: (channel: String, arrived: Once<Bool>)?
  }

  private let settings: ConnectionSettings
  private let configuration: ListenerConfiguration
  private let notifier: PostgresPool
  private let loop: PostgresEventLoop
  private let logger: Logger
  private let listenScript: String
  private let onEvent: @Sendable (ListenerEvent) -> Void
  private let shared = Mutex(Shared())

  /// - Parameters:
  ///   - channels: exact names (upper and lower case matter), at most 63 bytes each. Else throws `.invalidParameter`.
  ///   - notifier: what the self-test sends its NOTIFY through.
  ///   - onEvent: called on the loop's thread or the task of `run`; it must not block.
  public init(
    _ settings: ConnectionSettings, channels: [String], _ configuration: ListenerConfiguration = ListenerConfiguration(),
    notifyingThrough notifier: PostgresPool, on loop: PostgresEventLoop = .shared, logger: Logger = .silent,
    onEvent: @escaping @Sendable (ListenerEvent) -> Void
  ) throws(PostgresError) {
    self.settings = settings
    self.configuration = configuration
    self.notifier = notifier
    self.loop = loop
    self.logger = logger
    self.onEvent = onEvent
    var script = ""
    for channel in channels { script += "LISTEN \(try PostgresQuoting.identifier(channel));" }
    listenScript = script
  }

  public var state: ListenerState { shared.withLock(\.state) }
  /// How many notifications have arrived, those of self-tests aside.
  public var heard: Int { shared.withLock(\.heard) }

  /// Lets it send LISTEN again and prove itself, because something happened that no notification told. Where it fails, it connects anew.
  public func doubt() { shared.withLock { $0.isDoubted = true } }

  /// Runs one statement on the listening connection, which saves a second one for what is rare and short: notifications wait until it has
  /// ended. It must commit by itself.
  ///
  /// - Returns: nil while nothing listens, or nothing proves that notifications arrive.
  /// - Throws: as `PostgresConnection.query`.
  public func query(
    _ statement: String, _ parameters: [PostgresParameter] = [], timeout: Duration
  ) async throws(PostgresError) -> PostgresRows? {
    guard let connection = shared.withLock(\.proven) else { return nil }
    return try await connection.query(statement, parameters, timeout: timeout)
  }

  /// Listens until the task is cancelled. To be called once.
  public func run() async { await CallLimit.with(nil) { await reconnect() } }

  private func reconnect() async {
    var backoff = configuration.backoff
    while !Task.isCancelled {
      let error = await session(&backoff)
      shared.withLock { $0.proven = nil }
      notifier.doubtIdleConnections()
      if Task.isCancelled { break }
      let pause = backoff.next(random: .random(in: 0..<1))
      logger.info("listener disconnected", metadata: ["reason": "\(error)", "pause": "\(pause)"])
      change(.disconnected(error))
      try? await Task.pause(for: pause)
    }
    change(.stopped)
  }

  /// One connection, from its beginning to the reason of its end.
  private func session(_ backoff: inout Backoff) async -> PostgresError {
    do throws(PostgresError) {
      let connection = try await PostgresConnection.connect(settings, on: loop, logger: logger) { [weak self] in self?.receive($0) }
      let end = await listen(on: connection, &backoff)
      await connection.close()
      return end
    } catch { return error }
  }

  private func listen(on connection: PostgresConnection, _ backoff: inout Backoff) async -> PostgresError {
    do throws(PostgresError) {
      try await prove(connection)
      let interval = configuration.livenessInterval ?? .seconds(settings.endpoints.count > 1 ? 3 : 10)
      var sinceProof = Duration.zero
      while true {
        if let end = await endOf(connection, until: .next(interval)) { return end }
        try await connection.check(within: configuration.livenessDeadline)
        backoff.reset()
        sinceProof += interval
        if shared.withLock(\.isDoubted) {
          try await prove(connection)
          if !state.isDelivering { return PostgresError(.connectionLost, "Notifications did not arrive any more.") }
        }
        if !state.isDelivering, sinceProof >= configuration.selfTestRetry {
          sinceProof = .zero
          try await prove(connection)
        }
      }
    } catch { return error.withoutDoubt }
  }

  /// Nil when the time has passed and it lives.
  private func endOf(_ connection: PostgresConnection, until time: ContinuousClock.Instant) async -> PostgresError? {
    await withTaskGroup(of: PostgresError?.self) { group in
      group.addTask {
        try? await Task.pause(until: time)
        return nil
      }
      group.addTask { await connection.waitUntilClosed() }
      let first = await group.next() ?? nil
      group.cancelAll()
      return first
    }
  }

  private func change(_ state: ListenerState) {
    shared.withLock { $0.state = state }
    onEvent(.stateChanged(state))
  }

  private func receive(_ notification: PostgresNotification) {
    let probe = shared.withLock { shared in
      if let probe = shared.probe, probe.channel == notification.channel { return probe.arrived as Once? }
      shared.heard += 1
      return nil
    }
    if let probe { probe.set(true) } else { onEvent(.notification(notification)) }
  }

  // MARK: The self-test

  /// Sends LISTEN and proves that a notification from a second connection arrives. One to oneself proves nothing: it also comes through a
  /// pooler that drops those of others.
  ///
  /// - Throws: when the listening connection itself fails.
  private func prove(_ connection: PostgresConnection) async throws(PostgresError) {
    let limit = configuration.livenessDeadline
    shared.withLock { $0.isDoubted = false }
    var pooling = Pooling.none
    var failure: PostgresError?
    if try await !connection.isDirect(within: limit) {
      do throws(PostgresError) { pooling = try await connection.pooling(comparedWith: notifier, within: limit) } catch {
        guard connection.isOpen else { throw error }
        failure = error
      }
    }
    let mayListen = pooling != .transactions && failure == nil
    if mayListen { try await connection.execute(listenScript, timeout: limit) }
    onEvent(.connected)
    let isDelivered = mayListen ? try await hears(connection, &failure) : false
    let state: ListenerState =
      if let failure { .degraded(.untested(failure)) } else if isDelivered { .listening } else {
        .degraded(.notDelivered(poolerDetected: pooling != .none))
      }
    if isDelivered { shared.withLock { $0.proven = connection } }
    // The consumer hears of each test, and knows whether it is worth a warning.
    logger.debug("tested whether notifications arrive", metadata: ["state": "\(state)"])
    change(state)
  }

  private func hears(_ connection: PostgresConnection, _ failure: inout PostgresError?) async throws(PostgresError) -> Bool {
    let limit = configuration.livenessDeadline
    let channel = "pg_client_test_" + String(UInt64.random(in: .min ... .max), radix: 16)
    let arrived = Once<Bool>()
    shared.withLock { $0.probe = (channel, arrived) }
    defer { shared.withLock { $0.probe = nil } }
    try await connection.execute("LISTEN \(channel)", timeout: limit)
    do throws(PostgresError) {
      try await notifier.query("SELECT pg_notify($1, '')", [.text(channel)], timeout: limit)
    } catch {
      failure = error
      arrived.set(false)
    }
    let timer = Task { [configuration] in
      try? await Task.pause(for: configuration.selfTestLimit)
      arrived.set(false)
    }
    let isDelivered = await arrived.wait() ?? false
    timer.cancel()
    if connection.isOpen { try await connection.execute("UNLISTEN \(channel)", timeout: limit) }
    return isDelivered
  }
}
