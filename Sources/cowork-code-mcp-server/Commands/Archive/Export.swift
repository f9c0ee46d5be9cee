import ArgumentParser
import Bridge
import SystemSupport

struct Export: AsyncParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "export",
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

  @Option(
    name: [.short, .long],
    help: ArgumentHelp("The file to write, which only you can read (0600); - for standard output.", valueName: "file"))
  var output: String?

  @Flag(help: "Replace an existing file.")
  var force = false

  @Option(
    help: ArgumentHelp("Only what this agent sent or received.", valueName: "name"), completion: Completions.agents, transform: agentName)
  var agent: Identity?

  @Option(
    parsing: .unconditional,
    help: ArgumentHelp("Only records created at this time or later, and those without a readable time.", valueName: "time"),
    transform: TimeText.seconds)
  var since: Double?

  @OptionGroup var store: StoreOptions

  func validate() throws {
    if force, output == nil { throw ValidationError("--force is for --output: name a file, or leave it out.") }
  }

  func run() async throws {
    let work = try LongWork()
    let location = try store.location()
    try await location.withStore(absence: .failure, logger: store.logger()) { store in
      if let output, location.isFile(output) {
        throw CommandFailure("\(output) is the store itself, and nothing was written: name another file.")
      }
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

/// Reads a store page by page and writes the selected records.
struct Exporter {
  let store: any BridgeStore
  /// Nil for records of all agents.
  let agent: String?
  /// Seconds since 1970; nil for records of all times.
  let since: Double?
  let output: ExportOutput
  let progress: (_ done: Int, _ total: Int) throws -> Void

  /// Writes a header, a record a line, and the number of records.
  func writeLines() async throws {
    var totals = ArchiveTotals(messages: 0, tasks: 0, agents: 0)
    try await output.write(ArchiveLine.header(isPartial: agent != nil || since != nil).encoded)
    let agents = try await store.archivedAgents().filter { agent == nil || $0.name == agent }
    try await output.write(agents.map { ArchiveLine.agent($0).encoded }.joined())
    totals.agents = agents.count
    try await eachPage { messages, tasks in
      try await output.write(messages.map { ArchiveLine.message($0).encoded } + tasks.map { ArchiveLine.task($0).encoded })
      totals.messages += messages.count
      totals.tasks += tasks.count
    }
    try await output.write(ArchiveLine.end(totals).encoded)
  }

  /// Writes a conversation for people.
  func writeMarkdown(of place: String) async throws {
    try await output.write("# Messages and tasks of \(Markdown.code(place))\n")
    var (number, hasTasks) = (0, false)
    try await eachPage { messages, tasks in
      var parts = [String]()
      for message in messages {
        number += 1
        parts.append(Markdown.section(message, number))
      }
      if !tasks.isEmpty, !hasTasks { parts.append("\n# Tasks\n") }
      hasTasks = hasTasks || !tasks.isEmpty
      try await output.write(parts + tasks.map(Markdown.section))
    }
    if number == 0, !hasTasks { try await output.write("\nThere are none.\n") }
  }

  private func isSelected(_ record: some ArchiveRecord) -> Bool {
    if let agent, record.sender?.portable != agent, record.recipient?.portable != agent { return false }
    guard let since, let time = record.createdAt.flatMap({ ArchiveTime.seconds(of: $0.portable) }) else { return true }
    return time >= since
  }

  /// All messages, then all tasks.
  private func eachPage(_ body: ([ArchivedMessage], [ArchivedTask]) async throws -> Void) async throws {
    let totals = try await store.archiveTotals()
    let total = totals.messages + totals.tasks
    var done = 0
    func read<Record: ArchiveRecord>(_ body: ([Record]) async throws -> Void) async throws {
      var place: Int64?
      repeat {
        let page = try await store.archived(Record.self, after: place, limit: ArchiveLimits.pageRecords)
        done += page.records.count
        try await body(page.records.filter(isSelected))
        try progress(done, max(total, done))
        place = page.next
      } while place != nil
    }
    try await read { try await body($0, []) }
    try await read { try await body([], $0) }
  }
}
