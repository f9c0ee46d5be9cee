import PostgresTesting
import Testing

/// The ways to a database that must all behave the same.
enum ConnectionMode: String, CaseIterable, CustomTestStringConvertible {
  case unixSocket = "Unix socket"
  case tcp = "TCP"
  case tls = "TLS, verified"
  case transactionPooler = "PgBouncer, transaction mode"

  var testDescription: String { rawValue }

  /// The URL of a database of ``Servers/shared``.
  func url(_ database: TestDatabase) async throws -> String {
    switch self {
    case .unixSocket: database.socketURL
    case .tcp: database.url
    case .tls:
      "postgres://postgres@localhost:\(database.cluster.port)/\(database.name)?sslmode=verify-full&sslrootcert=\(database.cluster.caCertificate)"
    case .transactionPooler: try await Servers.pooler.value.url(database)
    }
  }
}

/// The servers that the tests share; started when first needed, gone with the process.
enum Servers {
  /// Keeps what it has accepted also when it is stopped at once. Its certificate is made by the test.
  static let shared = Task {
    try await PostgresCluster.start(.init(ssl: true, configuration: ["max_connections = 300", "synchronous_commit = on"]))
  }
  static let pooler = Task { try await PgBouncer.start(for: shared.value) }

  /// An empty database of the shared server.
  static func database() async throws -> TestDatabase { try await shared.value.createDatabase() }
}

/// Lets a few tests at a time use connections and processors, so that all get their share.
actor Turnstile {
  static let shared = Turnstile(4)

  private var free: Int
  private var waiting: [CheckedContinuation<Void, Never>] = []

  init(_ places: Int) { free = places }

  nonisolated func pass<Value: Sendable>(_ body: @Sendable () async throws -> Value) async throws -> Value {
    await enter()
    do {
      let value = try await body()
      await leave()
      return value
    } catch {
      await leave()
      throw error
    }
  }

  private func enter() async {
    if free > 0 {
      free -= 1
    } else {
      await withCheckedContinuation { waiting.append($0) }
    }
  }

  private func leave() {
    if waiting.isEmpty { free += 1 } else { waiting.removeFirst().resume() }
  }
}
