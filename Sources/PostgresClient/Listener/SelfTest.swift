import SystemSupport

/// Proves that a notification from a second connection arrives. One to oneself proves nothing: it also comes through a pooler that
/// drops those of others.
struct SelfTest: Sendable {
  let settings: ConnectionSettings
  let notifier: (any PostgresExecutor)?
  let limit: Duration
  let loop: PostgresEventLoop
  let clock: any Clock<Duration>
  let hub: EventHub

  /// Throws when the listening connection itself fails.
  func run(on connection: PostgresConnection, timeout: Duration) async throws(PostgresError) -> ListenerLifecycle.TestResult {
    let channel =
      "pg_client_test_" + String(UInt64.random(in: .min ... .max), radix: 16) + String(UInt64.random(in: .min ... .max), radix: 16)
    let name = try PostgresQuoting.identifier(channel)
    let arrived = Once<Bool>()
    hub.expect(channel, arrived)
    defer { hub.expect(channel, nil) }

    try await connection.execute("LISTEN \(name)", timeout: timeout)
    let processID: Int32 = try await connection.query("SELECT pg_backend_pid()", [], timeout: timeout).first?.get(0) ?? 0
    let isPooler = processID != connection.serverProcessID
    do throws(PostgresError) {
      try await notify(channel, timeout: timeout)
    } catch {
      if connection.isOpen { try await connection.execute("UNLISTEN \(name)", timeout: timeout) }
      return .failed(.untested(error))
    }
    let isDelivered = await wait(for: arrived)
    try await connection.execute("UNLISTEN \(name)", timeout: timeout)
    return isDelivered ? .delivered : .failed(.notDelivered(poolerDetected: isPooler))
  }

  private func notify(_ channel: String, timeout: Duration) async throws(PostgresError) {
    let statement = "SELECT pg_notify($1, '')"
    if let notifier {
      try await notifier.query(statement, [.text(channel)], timeout: timeout)
      return
    }
    let second = try await PostgresConnection.connect(settings, on: loop)
    let result: Result<PostgresRows, PostgresError>
    do throws(PostgresError) {
      result = .success(try await second.query(statement, [.text(channel)], timeout: timeout))
    } catch { result = .failure(error) }
    await second.close()
    _ = try result.get()
  }

  private func wait(for arrived: Once<Bool>) async -> Bool {
    let timer = Task { [clock, limit] in
      try? await clock.sleep(for: limit)
      if !Task.isCancelled { arrived.set(false) }
    }
    defer { timer.cancel() }
    return await arrived.wait() ?? false
  }
}
