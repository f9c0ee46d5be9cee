import ProcessTesting
import SystemSupport

/// A PgBouncer in front of a cluster, in transaction mode unless told otherwise.
public final class PgBouncer: Sendable {
  public enum PoolMode: String, Sendable { case transaction, session, statement }

  public let port: UInt16
  private let watchdog: Watchdog

  private init(port: UInt16, watchdog: Watchdog) {
    self.port = port
    self.watchdog = watchdog
  }

  /// - Parameter isRoundRobin: gives a transaction the server connection that was idle for longest, instead of the one used last.
  public static func start(
    for cluster: PostgresCluster, mode: PoolMode = .transaction, isRoundRobin: Bool = true
  ) async throws -> PgBouncer {
    let folder = try await ServerUser.makeFolder()
    let port = try FaultProxy.freePort()
    let lines = [
      "[databases]", "* = host=\(cluster.socketFolder) port=\(cluster.port)", "[pgbouncer]", "listen_addr = 127.0.0.1",
      "listen_port = \(port)",
      "unix_socket_dir =", "auth_type = any", "pool_mode = \(mode.rawValue)", "logfile = \(folder)/log", "pidfile = \(folder)/pid",
      "ignore_startup_parameters = extra_float_digits", "server_round_robin = \(isRoundRobin ? 1 : 0)",
    ].map { $0.hasPrefix("* =") ? $0 + " user=postgres" : $0 }
    let watchdog = try Watchdog(cleanUp: "kill -9 $(cat \(folder)/pid); rm -rf \(folder)")
    let bouncer = PgBouncer(port: port, watchdog: watchdog)
    do {
      try await Shell.run(ServerUser.prefix + ["/bin/sh", "-c", "printf '%s\\n' \"$@\" > \"$0\"", "\(folder)/pgbouncer.ini"] + lines)
      try await Shell.run(ServerUser.prefix + ["pgbouncer", "-q", "-d", "\(folder)/pgbouncer.ini"])
      try await bouncer.waitUntilAccepting()
    } catch {
      await watchdog.finish()
      throw error
    }
    return bouncer
  }

  public func url(_ database: TestDatabase) -> String { database.url(port: port) }

  public func destroy() async { await watchdog.finish() }

  /// It does not report when it is ready: it is asked every 5 ms, for 10 s at most.
  private func waitUntilAccepting() async throws {
    for _ in 0..<2_000 {
      if let connection = try? FileDescriptor.connect(to: port) { return try connection.close() }
      try await Task.sleep(for: .milliseconds(5))
    }
    throw TestingError("pgbouncer does not accept connections on port \(port)")
  }
}
