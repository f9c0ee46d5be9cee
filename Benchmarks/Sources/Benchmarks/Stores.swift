import SystemSupport

/// Where a kind of store is measured: small and large, and raw.
struct Stores<Floor>: Sendable {
  let name: String
  let small: Place
  let large: Place
  /// Another connection each time.
  let floor: @Sendable () throws -> Floor
}

/// Makes both kinds of stores, at the same time.
struct Preparation: Sendable {
  let program: String
  let folder: String
  let postgresURL: String

  func sqlite() async throws -> Stores<SQLiteFloor> {
    func place(_ name: String) -> Place { Place(url: "\(folder)/\(name).db", home: folder) }
    let (small, large) = (place("small"), place("large"))
    for place in [small, large] { try makeSchema(place) }
    try await onThread {
      try Filling.sqliteTasks(small.url)
      try Filling.sqlite(large.url)
    }
    let raw = "\(folder)/raw.db"
    return Stores(name: "SQLite", small: small, large: large) { try SQLiteFloor(raw) }
  }

  func postgres() async throws -> Stores<PostgresFloor> {
    let server = try PostgresServer(postgresURL)
    for name in ["raw", "small", "large"] { try server.run("CREATE DATABASE \(name)") }
    let host = postgresURL[..<(postgresURL.lastIndex(of: "/") ?? postgresURL.endIndex)]
    @Sendable func url(_ name: String) -> String { "\(host)/\(name)" }
    let (small, large) = (Place(url: url("small"), home: folder), Place(url: url("large"), home: folder))
    for place in [small, large] { try makeSchema(place) }
    try await onThread {
      try Filling.postgresTasks(small.url)
      try Filling.postgres(large.url)
    }
    return Stores(name: "Postgres", small: small, large: large) { try PostgresFloor(url("raw")) }
  }

  private func makeSchema(_ place: Place) throws {
    for agent in Contents.agents { try Server.ready(program, agent: agent, store: place).end() }
  }
}

/// Runs a body that blocks on a thread of its own.
func onThread(_ body: @escaping @Sendable () throws -> Void) async throws {
  let result = await SystemThread.run { Result(catching: body) }
  try result.get()
}
