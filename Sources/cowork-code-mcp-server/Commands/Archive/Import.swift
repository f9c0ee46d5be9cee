import ArgumentParser
import Bridge
import JSON
import MCP

struct Import: AsyncParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "import",
    abstract: "Import a file that `export` wrote.",
    discussion: """
      The whole file is checked first: if anything is wrong with it, nothing is imported. Existing records are not duplicated, and get the \
      newer state, as with `copy`.

      Examples:
        cowork-code-mcp-server import backup.jsonl
        gunzip -c backup.jsonl.gz | cowork-code-mcp-server import
        cowork-code-mcp-server import backup.jsonl --database-url postgres://me@db.example.com/bridge
      """)

  @Argument(help: "The file; without it, or with -, standard input.")
  var file: String?

  @Flag(help: "Print one line of JSON.")
  var json = false

  @OptionGroup var store: StoreOptions
  @OptionGroup var colour: ColourOption

  func run() async throws {
    let work = try LongWork()
    let file = try ArchiveFile(file == "-" ? nil : file)
    let totals = try file.validate()
    let total = totals.messages + totals.tasks + totals.agents
    let imported = try await store.location().withStore(logger: store.logger()) { store in
      defer { work.clear() }
      _ = try await store.archiveIdentity()
      return try await Importer(store: store).run(file) { done in
        try work.step("importing", done, of: total, interrupted: "\(done) of \(total) records were imported; run it again to go on.")
      }
    }
    try await StandardStreams.show(imported, json: json, as: imported.shown)
    if imported.differences > 0 { throw ExitCode.failure }
  }
}

/// Writes the records of a checked file, page by page.
struct Importer {
  let store: any BridgeStore

  func run(_ file: ArchiveFile, progress: (Int) throws -> Void) async throws -> Imported {
    var imported = Imported()
    var (messages, tasks, agents) = ([ArchivedMessage](), [ArchivedTask](), [ArchivedAgent]())
    var bytes = 0
    func flush() async throws {
      if !agents.isEmpty { imported.agents += try await store.write(agents) }
      if !messages.isEmpty {
        imported.messages += try await store.write(messages)
        imported.compare(messages, with: try await store.counterparts(of: messages))
      }
      if !tasks.isEmpty {
        imported.tasks += try await store.write(tasks)
        imported.compare(tasks, with: try await store.counterparts(of: tasks))
      }
      imported.done += messages.count + tasks.count + agents.count
      (messages, tasks, agents, bytes) = ([], [], [], 0)
      try progress(imported.done)
    }
    for line in file {
      switch try ArchiveLine(decoding: line) {
      case .message(let message): messages.append(message)
      case .task(let task): tasks.append(task)
      case .agent(let agent): agents.append(agent)
      case .header, .end: break
      }
      bytes += line.count
      if messages.count + tasks.count + agents.count >= ArchiveLimits.pageRecords || bytes >= ArchiveLimits.pageBytes { try await flush() }
    }
    try await flush()
    return imported
  }
}

struct Imported: StructuredOutput {
  var done = 0
  var messages = ArchiveOutcome()
  var tasks = ArchiveOutcome()
  var agents = ArchiveOutcome()
  var differences = 0
  var firstDifferences: [String] = []

  static let schema = ObjectSchema<Self> {
    Field("records", .integer, \.done)
    Field("messages", .object(), \.messages)
    Field("tasks", .object(), \.tasks)
    Field("agents", .object(), \.agents)
    Field("differences", .integer, \.differences)
    Field("first_differences", .array(.string), \.firstDifferences)
  }

  mutating func compare<Record: ArchiveRecord>(_ records: [Record], with found: [ArchivedText: Record]) {
    for record in records where !(found[record.key]?.isSame(as: record) ?? false) {
      differences += 1
      if firstDifferences.count < 10 { firstDifferences.append(record.id.portableID) }
    }
  }

  private var added: Int { messages.added + tasks.added + agents.added }
  private var updated: Int { messages.updated + tasks.updated + agents.updated }

  var shown: String {
    var text = "Imported \(counted(messages.added, "message")), \(counted(tasks.added, "task")) and \(counted(agents.added, "agent"))"
    text += "; \(updated) brought up to date, \(done - added - updated - differences) there already.\n"
    let keys = messages.keysTaken + tasks.keysTaken
    if keys > 0 { text += "\(counted(keys, "record")) came without the idempotency key, which is taken in the store.\n" }
    if differences == 0 { return text }
    text += Colours.bad("\(counted(differences, "record")) not imported, since the id is something else in the store:") + "\n"
    return text + firstDifferences.map { "  \($0.harmlessLine)\n" }.joined()
  }
}

extension ArchiveOutcome: StructuredOutput {
  public static let schema = ObjectSchema<Self> {
    Field("added", .integer, \.added)
    Field("updated", .integer, \.updated)
    Field("keys_taken", .integer, \.keysTaken)
  }
}
