import ArgumentParser
import Bridge

struct Export: AsyncParsableCommand {
  static let configuration = CommandConfiguration(
    abstract: "Write all messages and tasks to standard output or a file.",
    discussion: """
      jsonl holds everything byte for byte, one record a line, and can be imported again. markdown is a conversation to read, and cannot be \
      imported.

      Examples:
        cowork-code-mcp-server export --output backup.jsonl
        cowork-code-mcp-server export | gzip > backup.jsonl.gz
        cowork-code-mcp-server export --format markdown --agent cowork --since 2026-01-31
      """)

  enum Format: String, CaseIterable, ExpressibleByArgument {
    case jsonl, markdown
  }

  @Option(help: "jsonl or markdown.")
  var format: Format = .jsonl

  @Option(name: [.short, .long], help: ArgumentHelp("The file to write; only you can read it (0600).", valueName: "file"))
  var output: String?

  @Flag(help: "Replace an existing file.")
  var force = false

  @Option(help: ArgumentHelp("Only what this agent sent or received.", valueName: "name"), transform: agentName)
  var agent: Identity?

  @Option(
    help: ArgumentHelp("Only records created at this time or later, and those without a readable time.", valueName: "time"),
    transform: PastTime.seconds)
  var since: Double?

  @OptionGroup var store: StoreOptions

  func validate() throws {
    if force, output == nil { throw ValidationError("--force is for --output: name a file, or leave it out.") }
  }

  func run() async throws {
    let work = try LongWork()
    let location = try store.location()
    try await location.withStore(mustExist: true, logger: store.logger()) { store in
      // A fault of the store must be known before the file exists.
      _ = try await store.archiveIdentity()
      let file = try ExportOutput(output, replacing: force)
      defer { work.clear() }
      do {
        let writer = Exporter(store: store, agent: agent?.name, since: since, output: file) { done, total in
          try work.step("exporting", done, of: total, interrupted: "nothing was written to a file.")
        }
        switch format {
        case .jsonl: try await writer.writeLines()
        case .markdown: try await writer.writeMarkdown(of: location.description)
        }
        try file.finish()
      } catch {
        file.discard()
        throw error
      }
    }
  }
}
