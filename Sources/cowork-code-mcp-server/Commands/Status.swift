import ArgumentParser
import Bridge
import BridgeServer

struct Status: AsyncParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "status",
    abstract: "Show who is there, what is unread, and which tasks are open or stale.",
    discussion: """
      One screen about all agents. A task is stale when the presence of its holder has ended: another instance may take it over.

      Examples:
        cowork-code-mcp-server status
        cowork-code-mcp-server status --json
        cowork-code-mcp-server status --workspace shop
      """)

  @Flag(help: "Print one line of JSON.")
  var json = false

  @OptionGroup var store: StoreOptions
  @OptionGroup var colour: ColourOption

  func run() async throws {
    let location = try store.location()
    let overview = try await location.withStore(absence: .empty, logger: store.logger()) { store in
      // Of readers that have just died, too.
      _ = try? await store.recoverExpired()
      return try await store.overview()
    }
    try await StandardStreams.show(overview, json: json, as: overview.shown(location.description, Terminal.width))
  }
}
