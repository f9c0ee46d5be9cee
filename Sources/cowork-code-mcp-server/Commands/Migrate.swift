import ArgumentParser
import Bridge
import PostgresClient
import PostgresStore

struct Migrate: AsyncParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "migrate",
    abstract: "Bring a Postgres database to the schema of this version.",
    discussion: """
      A server does this itself if its role has the rights. Otherwise somebody who has them runs this once. A SQLite file never needs \
      it.

      Examples:
        cowork-code-mcp-server migrate --database-url postgres://owner@db/bridge
        cowork-code-mcp-server migrate --print --database-url postgres://db/bridge | psql postgres://owner@db/bridge
        cowork-code-mcp-server migrate --status --database-url postgres://db/bridge
      """)

  @Flag(help: "Print the SQL instead, without connecting.")
  var print = false

  @Flag(help: "Show the current version, and change nothing.")
  var status = false

  @OptionGroup var store: StoreOptions

  func validate() throws {
    if print && status { throw ValidationError("--print and --status exclude each other: leave one of them out.") }
  }

  func run() async throws {
    guard case .postgres(let settings, let workspace) = try store.location() else {
      throw ValidationError("Only a Postgres database is migrated by hand: name one with --database-url postgres://….")
    }
    let schema = WorkspaceSchema(workspace)
    if print {
      return try await StandardStreams.write(PostgresMigrator.script(for: schema))
    }
    let pool = PostgresPool(settings)
    let migrator = PostgresMigrator(pool: pool, schema: schema, logger: try store.logger())
    do {
      if !status {
        try await migrator.migrate(patience: .seconds(10))
        try await migrator.rebuildTextIndex()
      }
      let found = try await migrator.status()
      let version = "schema \(schema.name) of \(settings.redactedDescription): version \(found.present) of \(found.newest)\n"
      try await StandardStreams.write(version + found.pending.map { "pending: \($0)\n" }.joined())
    } catch {
      await pool.close()
      throw error is BridgeError || error is OutputError ? error : CommandFailure("\(error)")
    }
    await pool.close()
  }
}
