import ArgumentParser
import Bridge
import JSON
import MCP

struct Status: AsyncParsableCommand {
  static let configuration = CommandConfiguration(
    abstract: "Show who is there, what is unread, and which tasks are open or stale.",
    discussion: """
      One screen about all agents. A task is stale when the process that took it gives no sign of life: another one may take it over.

      Examples:
        cowork-code-mcp-server status
        cowork-code-mcp-server status --json
        cowork-code-mcp-server status --workspace shop
      """)

  @Flag(help: "Print one line of JSON.")
  var json = false

  @OptionGroup var store: StoreOptions

  func run() async throws {
    Colours.prepare(plain: json)
    try await CommandFailure.reported {
      let location = try store.location()
      let overview = try await location.withStore(.any, logger: store.logger()) { try await $0.overview() }
      try await StandardStreams.write(
        json
          ? String(decoding: JSON.object(overview.json).encoded(), as: UTF8.self) + "\n"
          : overview.shown(location.description, Terminal.width))
    }
  }
}
