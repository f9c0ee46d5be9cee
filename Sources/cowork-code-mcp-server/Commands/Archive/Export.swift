import ArgumentParser
import Bridge
import Foundation

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

  @Option(help: ArgumentHelp("Only what this agent sent or received.", valueName: "name"))
  var agent: String?

  @Option(help: ArgumentHelp("Only records created at this time or later, and those without a readable time.", valueName: "time"))
  var since: String?

  @OptionGroup var store: StoreOptions

  func validate() throws {
    _ = try filter()
    if force, output == nil { throw ValidationError("--force is for --output: name a file, or leave it out.") }
  }

  private func filter() throws -> ExportFilter {
    let start = try since.map { text in
      guard let seconds = PastTime.seconds(text, now: Date()) else {
        throw ValidationError(PastTime.refusal(of: text))
      }
      return seconds
    }
    return ExportFilter(agent: try agent.map { name in try usage { try Identity(name) } }, since: start)
  }

  func run() async throws {
    try await CommandFailure.reported {
      let (filter, stop, bar) = (try filter(), try StopRequest(), ProgressBar())
      let location = try store.location()
      try await location.withStore(logger: store.logger()) { store in
        // A fault of the store must be known before the file exists.
        _ = try await store.archiveIdentity()
        let file = try ExportOutput(output, replacing: force)
        defer { bar.clear() }
        do {
          let writer = Exporter(store: store, filter: filter, output: file) { done, total in
            try stop.check("nothing was written to a file.")
            bar.show("exporting", done, of: total)
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
}

/// Selects records.
struct ExportFilter {
  var agent: Identity?
  /// Seconds since 1970.
  var since: Double?

  var isWhole: Bool { agent == nil && since == nil }

  func admits(_ sender: ArchivedText?, _ recipient: ArchivedText?, _ createdAt: ArchivedText?) -> Bool {
    if let agent, sender?.portable != agent.name, recipient?.portable != agent.name { return false }
    guard let since, let time = createdAt.flatMap({ ArchiveTime.seconds(of: $0.portable) }) else { return true }
    return time >= since
  }
}
