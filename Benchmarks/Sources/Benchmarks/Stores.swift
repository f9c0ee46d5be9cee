import Dispatch

#if canImport(Glibc)
  import Glibc
#else
  import Darwin
#endif

/// Where a kind of store is measured: small and large, and raw.
struct Stores<Floor> {
  let name: String
  let small: Place
  let large: Place
  /// Another connection each time.
  let floor: () throws -> Floor
}

/// Makes both kinds of stores, at the same time.
struct Preparation {
  let program: String
  let folder: String
  let postgresURL: String

  func sqlite() throws -> Stores<SQLiteFloor> {
    func place(_ name: String) -> Place { Place(url: "\(folder)/\(name).db", home: folder) }
    let (small, large) = (place("small"), place("large"))
    for place in [small, large] { try makeSchema(place) }
    try Filling.sqliteTasks(small.url)
    try Filling.sqlite(large.url)
    let raw = "\(folder)/raw.db"
    return Stores(name: "SQLite", small: small, large: large) { try SQLiteFloor(raw) }
  }

  func postgres() throws -> Stores<PostgresFloor> {
    let server = try PostgresServer(postgresURL)
    for name in ["raw", "small", "large"] { try server.run("CREATE DATABASE \(name)") }
    let host = postgresURL[..<(postgresURL.lastIndex(of: "/") ?? postgresURL.endIndex)]
    func url(_ name: String) -> String { "\(host)/\(name)" }
    let (small, large) = (Place(url: url("small"), home: folder), Place(url: url("large"), home: folder))
    for place in [small, large] { try makeSchema(place) }
    try Filling.postgresTasks(small.url)
    try Filling.postgres(large.url)
    return Stores(name: "Postgres", small: small, large: large) { try PostgresFloor(url("raw")) }
  }

  private func makeSchema(_ place: Place) throws {
    for agent in Contents.agents {
      let server = try Server(program, agent: agent, store: place)
      try server.ready()
      server.end()
    }
  }
}
