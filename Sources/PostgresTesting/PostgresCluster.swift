import ProcessTesting

/// A Postgres server in a temporary folder, on a Unix socket and a free port of 127.0.0.1. It ends with the process, even if that is
/// killed. The superuser is `postgres`; the socket needs no password.
public final class PostgresCluster: Sendable {
  public struct Options: Sendable {
    /// A certificate for `localhost` from its own authority (`caCertificate`), and `ssl = on`.
    public var ssl = false
    /// SCRAM with this password on 127.0.0.1, instead of trust.
    public var password: String?
    /// More lines of postgresql.conf.
    public var configuration: [String] = []

    /// Segment size of the write-ahead log, in megabytes.
    public var segmentSize: Int

    public init(ssl: Bool = false, password: String? = nil, configuration: [String] = [], segmentSize: Int = 16) {
      (self.segmentSize, self.ssl, self.password, self.configuration) = (segmentSize, ssl, password, configuration)
    }
  }

  public enum StopMode: String, Sendable { case fast, immediate }

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
    (self.folder, self.port, self.options, self.binaries, self.watchdog) = (folder, port, options, binaries, watchdog)
  }

  /// The cluster that tests share, started by the first call.
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
    let port = try FaultProxy.freePort()
    let stop = (ServerUser.prefix + ["\(binaries)/pg_ctl", "-D", "\(folder)/data", "stop", "-m", "immediate", "-w"]).joined(separator: " ")
    let watchdog = try Watchdog(cleanUp: "\(stop); rm -rf \(folder)")
    return PostgresCluster(folder: folder, port: port, options: options, binaries: binaries, watchdog: watchdog)
  }

  /// Tests for one version must not pass on another.
  private func checkVersion() async throws {
    guard let wanted = ServerUser.version else { return }
    let present = try await run(["cat", "\(data)/PG_VERSION"]).split(whereSeparator: \.isNewline).first ?? ""
    guard present == wanted else { throw TestingError("Postgres \(wanted) is to be tested, and \(binaries) holds \(present)") }
  }

  /// Its addresses, as lines of postgresql.conf.
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

  // MARK: Life cycle

  /// Restarts it after `stop` or `kill`, with the same data and port; returns when it accepts connections.
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

  /// Sends SIGKILL to the server and its children, as if the machine failed.
  public func kill() async throws {
    let script =
      "pid=$(head -n 1 \(data)/postmaster.pid); kill -9 $pid $(ps -o pid= --ppid $pid); while kill -0 $pid 2>/dev/null; do :; done"
    try await run(["/bin/sh", "-c", script])
  }

  fileprivate func signal(_ name: String, _ processes: [String]) async throws {
    if !processes.isEmpty { try await run(["/bin/sh", "-c", "kill -\(name) \"$@\"", "sh"] + processes) }
  }

  /// Changes a setting as an administrator does; it is in force for what each session does next.
  public func setReadOnly(_ isReadOnly: Bool) async throws {
    try await psql("ALTER SYSTEM SET default_transaction_read_only = \(isReadOnly ? "on" : "off")")
    try await psql("SELECT pg_reload_conf()")
  }

  fileprivate func waitUntilGone(_ processes: [String]) async throws {
    try await run(["/bin/sh", "-c", "for pid; do while kill -0 $pid 2>/dev/null; do :; done; done", "sh"] + processes)
  }

  /// Stops it and removes its folder.
  public func destroy() async { await watchdog.finish() }

  /// What the server logged, for a failed test.
  public func log() async throws -> String { try await run(["cat", "\(folder)/log"]) }

  // MARK: Standbys

  /// A hot standby of this server.
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

  /// Promotes a standby.
  public func promote() async throws { try await run(["\(binaries)/pg_ctl", "-D", data, "-w", "-t", "60", "promote"]) }

  /// Limits the size of files, in bytes, for this server and its later processes; nil lifts the limit. A write beyond it is cut off, as on
  /// a full disk.
  public func limitFiles(to bytes: Int?) async throws {
    let limit = bytes.map(String.init) ?? "unlimited"
    try await run(["/bin/sh", "-c", "prlimit --pid $(head -n 1 \(data)/postmaster.pid) --fsize=\(limit):"])
  }

  // MARK: Databases

  /// Creates a database with a unique name.
  public func createDatabase() async throws -> TestDatabase {
    let database = TestDatabase(name: "test_\(String(UInt64.random(in: .min ... .max), radix: 36))", cluster: self)
    try await database.create()
    return database
  }

  /// Runs SQL with psql through the socket, by default as superuser; returns unaligned rows.
  @discardableResult
  public func psql(_ sql: String, database: String = "postgres", user: String = "postgres") async throws -> String {
    // The socket trusts every user.
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

  /// Over TCP, as `postgres`, with the password if there is one.
  public var url: String { url(port: cluster.port) }
  /// Over the Unix socket.
  public var socketURL: String { "postgres://postgres@/\(name)?host=\(cluster.socketFolder)&port=\(cluster.port)" }

  /// The same database through a proxy or a pooler.
  public func url(port: UInt16, parameters: String = "") -> String {
    let password = cluster.options.password.map { ":\($0)" } ?? ""
    return "postgres://postgres\(password)@127.0.0.1:\(port)/\(name)" + (parameters.isEmpty ? "" : "?\(parameters)")
  }

  @discardableResult
  public func psql(_ sql: String) async throws -> String { try await cluster.psql(sql, database: name) }

  /// Terminates the connections that match a condition on `pg_stat_activity`, and returns when their processes are gone.
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

  /// Sends a signal, such as STOP or CONT, to the server processes of its connections. Returns how many there are.
  @discardableResult
  public func signal(_ name: String, where condition: String = "true") async throws -> Int {
    let processes = try await psql(
      "SELECT pid FROM pg_stat_activity WHERE datname = current_database() AND pid <> pg_backend_pid() AND (\(condition))"
    ).split(whereSeparator: \.isNewline).map(String.init)
    try await cluster.signal(name, processes)
    return processes.count
  }

  /// From template0, because template1 cannot be copied while a session is connected to it.
  func create() async throws { try await cluster.psql("CREATE DATABASE \(name) TEMPLATE template0") }
}
