import ProcessTesting
import Synchronization

#if canImport(Darwin)
  import Darwin
#elseif canImport(Musl)
  import Musl
#else
  import Glibc
#endif

/// A Postgres server of our own in a temporary folder, on a Unix socket and a free port of 127.0.0.1. It ends with the process,
/// even when that is killed. Superuser `postgres`; the socket needs no password.
public final class PostgresCluster: Sendable {
  public struct Options: Sendable {
    /// A certificate for `localhost` by an own authority (`caCertificate`), and `ssl = on`.
    public var ssl = false
    /// SCRAM with this password on 127.0.0.1, instead of trust.
    public var password: String?
    /// More lines of postgresql.conf.
    public var configuration: [String] = []

    /// Of the write-ahead log, in megabytes.
    public var segmentSize: Int

    public init(ssl: Bool = false, password: String? = nil, configuration: [String] = [], segmentSize: Int = 16) {
      self.segmentSize = segmentSize
      self.ssl = ssl
      self.password = password
      self.configuration = configuration
    }
  }

  public enum StopMode: String, Sendable { case smart, fast, immediate }

  public let folder: String
  public let port: UInt16
  public let options: Options
  private let binaries: String
  private let watchdog: Watchdog

  public var socketFolder: String { folder }
  /// The authority that signed the server's certificate; only with `ssl`.
  public var caCertificate: String { "\(folder)/ca.crt" }
  private var data: String { "\(folder)/data" }

  private init(folder: String, port: UInt16, options: Options, binaries: String, watchdog: Watchdog) {
    self.folder = folder
    self.port = port
    self.options = options
    self.binaries = binaries
    self.watchdog = watchdog
  }

  /// The one that tests share, started at the first call.
  public static func shared() async throws -> PostgresCluster { try await sharedTask.value }
  private static let sharedTask = Task { try await PostgresCluster.start() }

  public static func start(_ options: Options = Options()) async throws -> PostgresCluster {
    let cluster = try await makeFolder(options, binaries: ServerUser.binaries())
    do {
      try await cluster.initialize()
      try await cluster.checkVersion()
      try await cluster.start()
    } catch {
      await cluster.destroy()
      throw error
    }
    return cluster
  }

  private static func makeFolder(_ options: Options, binaries: String) async throws -> PostgresCluster {
    let folder = try await ServerUser.makeFolder()
    let port = try Loopback.freePort()
    let stop = (ServerUser.prefix + ["\(binaries)/pg_ctl", "-D", "\(folder)/data", "stop", "-m", "immediate", "-w"]).joined(separator: " ")
    let watchdog = try Watchdog(cleanUp: "\(stop); rm -rf \(folder)")
    return PostgresCluster(folder: folder, port: port, options: options, binaries: binaries, watchdog: watchdog)
  }

  /// Tests that were asked to run on one version must not pass on another.
  private func checkVersion() async throws {
    guard let wanted = ServerUser.version else { return }
    let present = try await run(["cat", "\(data)/PG_VERSION"]).split(whereSeparator: \.isNewline).first ?? ""
    guard present == wanted else { throw TestingError("Postgres \(wanted) is to be tested, and \(binaries) holds \(present)") }
  }

  /// Where it is reached, as lines of postgresql.conf.
  private var place: [String] { ["listen_addresses = '127.0.0.1'", "port = \(port)", "unix_socket_directories = '\(folder)'"] }

  private func initialize() async throws {
    try await run([
      "\(binaries)/initdb", "-D", data, "-U", "postgres", "-A", "trust", "-E", "UTF8", "--locale=C.UTF-8", "--no-sync",
      "--wal-segsize=\(options.segmentSize)",
    ])
    var lines =
      place + [
        "fsync = off", "synchronous_commit = off", "full_page_writes = off", "shared_buffers = 16MB", "max_connections = 300",
        "password_encryption = 'scram-sha-256'",
      ]
    if options.ssl {
      try await makeCertificates()
      lines += ["ssl = on", "ssl_cert_file = '\(folder)/server.crt'", "ssl_key_file = '\(folder)/server.key'"]
    }
    lines += options.configuration
    try await append(lines, to: "\(data)/postgresql.conf")
    let method = options.password == nil ? "trust" : "scram-sha-256"
    try await run([
      "/bin/sh", "-c",
      "printf 'local all all trust\\nlocal replication all trust\\nhost all all 127.0.0.1/32 \(method)\\n' > \(data)/pg_hba.conf",
    ])
    if let password = options.password {
      let statement = "ALTER USER postgres PASSWORD '\(password)';"
      try await run(["/bin/sh", "-c", "echo \"$0\" | \(binaries)/postgres --single -D \(data) postgres", statement])
    }
  }

  private func append(_ lines: [String], to file: String) async throws {
    try await run(["/bin/sh", "-c", "printf '%s\\n' \"$@\" >> \"$0\"", file] + lines)
  }

  private func makeCertificates() async throws {
    let script = """
      set -e; cd \(folder)
      openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:prime256v1 -nodes -days 2 -subj /CN=test-ca -keyout ca.key -out ca.crt
      openssl req -newkey ec -pkeyopt ec_paramgen_curve:prime256v1 -nodes -subj /CN=localhost -keyout server.key -out server.csr
      printf 'subjectAltName=DNS:localhost\\n' > san.cnf
      openssl x509 -req -in server.csr -CA ca.crt -CAkey ca.key -CAcreateserial -days 2 -extfile san.cnf -out server.crt
      chmod 600 server.key; chmod 644 ca.crt
      """
    try await run(["/bin/sh", "-c", script])
  }

  // MARK: life

  /// Starts it again after `stop` or `kill`, with the same data and port; returns when it accepts connections.
  public func start() async throws {
    try await run(["\(binaries)/pg_ctl", "-D", data, "-l", "\(folder)/log", "-w", "-t", "60", "start"])
  }

  public func stop(mode: StopMode = .fast) async throws {
    try await run(["\(binaries)/pg_ctl", "-D", data, "-m", mode.rawValue, "-w", "-t", "60", "stop"])
  }

  public func restart(mode: StopMode = .fast) async throws {
    try await stop(mode: mode)
    try await start()
  }

  /// SIGKILL to the server and to its children, as when the machine fails.
  public func kill() async throws {
    let script =
      "pid=$(head -n 1 \(data)/postmaster.pid); kill -9 $pid $(ps -o pid= --ppid $pid); while kill -0 $pid 2>/dev/null; do :; done"
    try await run(["/bin/sh", "-c", script])
  }

  fileprivate func waitUntilGone(_ processes: [String]) async throws {
    try await run(["/bin/sh", "-c", "for pid; do while kill -0 $pid 2>/dev/null; do :; done; done", "sh"] + processes)
  }

  /// Ends it for good and removes its folder.
  public func destroy() async { await watchdog.finish() }

  /// What the server logged, for a failed test.
  public func log() async throws -> String { try await run(["cat", "\(folder)/log"]) }

  // MARK: standbys

  /// A server that follows this one, and answers what only reads.
  public func makeStandby() async throws -> PostgresCluster {
    let standby = try await Self.makeFolder(options, binaries: binaries)
    do {
      try await run([
        "\(binaries)/pg_basebackup", "-D", standby.data, "-h", folder, "-p", "\(port)", "-U", "postgres", "-R", "-c", "fast", "-N",
      ])
      try await standby.append(standby.place, to: "\(standby.data)/postgresql.conf")
      try await standby.start()
    } catch {
      await standby.destroy()
      throw error
    }
    return standby
  }

  /// Makes a standby the server that takes writes.
  public func promote() async throws { try await run(["\(binaries)/pg_ctl", "-D", data, "-w", "-t", "60", "promote"]) }

  /// How many bytes a file may have from now on, in this server and in those of its processes that start later; nil for any number. As on a
  /// full disk, a write beyond is cut short.
  public func limitFiles(to bytes: Int?) async throws {
    let limit = bytes.map(String.init) ?? "unlimited"
    try await run(["/bin/sh", "-c", "prlimit --pid $(head -n 1 \(data)/postmaster.pid) --fsize=\(limit):"])
  }

  // MARK: databases

  /// A database with a name of its own.
  public func createDatabase() async throws -> TestDatabase {
    let database = TestDatabase(name: "test_\(String(UInt64.random(in: .min ... .max), radix: 36))", cluster: self)
    try await database.create()
    return database
  }

  /// Runs SQL with psql through the socket, as superuser unless told otherwise; unaligned rows.
  @discardableResult
  public func psql(_ sql: String, database: String = "postgres", user: String = "postgres") async throws -> String {
    // Needs no special user; the socket trusts everybody.
    try await Shell.run([
      "\(binaries)/psql", "-X", "-q", "-A", "-t", "-v", "ON_ERROR_STOP=1", "-h", folder, "-p", "\(port)", "-U", user, "-d", database,
      "-c", sql,
    ])
  }

  @discardableResult
  private func run(_ arguments: [String]) async throws -> String { try await Shell.run(ServerUser.prefix + arguments) }
}

/// One database of a cluster.
public struct TestDatabase: Sendable {
  public let name: String
  public let cluster: PostgresCluster

  /// By TCP, user `postgres`, with the password if there is one.
  public var url: String { url(port: cluster.port) }
  /// By Unix socket.
  public var socketURL: String { "postgres://postgres@/\(name)?host=\(cluster.socketFolder)&port=\(cluster.port)" }

  /// The same database through a proxy or a pooler.
  public func url(port: UInt16, parameters: String = "") -> String {
    let password = cluster.options.password.map { ":\($0)" } ?? ""
    return "postgres://postgres\(password)@127.0.0.1:\(port)/\(name)" + (parameters.isEmpty ? "" : "?\(parameters)")
  }

  @discardableResult
  public func psql(_ sql: String) async throws -> String { try await cluster.psql(sql, database: name) }

  /// Ends the connections for which a condition on `pg_stat_activity` holds, and returns when their processes are gone.
  public func terminate(where condition: String) async throws {
    let ended = try await psql(
      """
      WITH victims AS MATERIALIZED (
        SELECT pid FROM pg_stat_activity WHERE datname = current_database() AND pid <> pg_backend_pid() AND (\(condition))
      )
      SELECT pid FROM victims WHERE pg_terminate_backend(pid)
      """)
    try await cluster.waitUntilGone(ended.split(whereSeparator: \.isNewline).map(String.init))
  }

  /// From template0: template1 may not be copied while somebody is connected to it.
  func create() async throws { try await cluster.psql("CREATE DATABASE \(name) TEMPLATE template0") }
}
