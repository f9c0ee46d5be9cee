import PostgresTesting
import Testing

/// Connection modes that must all behave the same.
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

/// The servers that the tests share; started when first needed, stopped with the process.
enum Servers {
  /// Durable even after an immediate stop. The test creates its certificate.
  static let shared = Task {
    try await PostgresCluster.start(.init(ssl: true, configuration: ["max_connections = 300", "synchronous_commit = on"]))
  }
  static let pooler = Task { try await PgBouncer.start(for: shared.value) }

  /// An empty database of the shared server.
  static func database() async throws -> TestDatabase { try await shared.value.createDatabase() }
}

/// Limits how many tests run at one time, so that all get connections and processor time.
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
