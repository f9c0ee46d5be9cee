import ArgumentParser
import Bridge
import JSON
import MCP

struct Import: AsyncParsableCommand {
  static let configuration = CommandConfiguration(
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

  func run() async throws {
    try await CommandFailure.reported {
      let location = try store.location()
      Colours.prepare(plain: json)
      let (stop, bar) = (try StopRequest(), ProgressBar())
      let reader = try LineReader(file == "-" ? nil : file)
      let totals = try ArchiveFile(reader: reader).validate()
      let imported = try await location.withStore(.any, logger: store.logger()) { store in
        defer { bar.clear() }
        _ = try await store.archiveIdentity()
        try reader.rewind()
        return try await Importer(store: store).run(reader) { done in
          try stop.check("\(done) of \(totals.count) records were imported; run it again to go on.")
          bar.show("importing", done, of: totals.count)
        }
      }
      try await StandardStreams.show(imported, json: json, as: imported.shown)
      if imported.differences > 0 { throw ExitCode.failure }
    }
  }
}

/// Checks a file as a whole.
struct ArchiveFile {
  let reader: LineReader

  /// Reads all of it.
  ///
  /// - Throws: `CommandFailure` that names the line.
  func validate() throws -> ArchiveTotals {
    var number = 0
    var found = ArchiveTotals(messages: 0, tasks: 0, agents: 0)
    var end: ArchiveTotals?
    while let bytes = try reader.next() {
      number += 1
      if end != nil { throw failure(number, "Something follows the line that ends the file.") }
      let line: ArchiveLine
      do { line = try ArchiveLine(decoding: bytes) } catch let error as ArchiveLineError {
        if number == 1 {
          throw failure(1, bytes.first == UInt8(ascii: "#") ? Self.markdown : "The file does not begin as an export does. \(error)")
        }
        guard try reader.next() != nil else { throw Self.cutOff(number) }
        throw failure(number, "\(error)")
      }
      if case .header = line {
        guard number == 1 else { throw failure(number, "A second file begins here: import them one after the other.") }
      } else if number == 1 {
        throw failure(1, "The file does not begin with the line that says its format.")
      }
      switch line {
      case .header: break
      case .agent: found.agents += 1
      case .message: found.messages += 1
      case .task: found.tasks += 1
      case .end(let totals): end = totals
      }
    }
    guard number > 0 else { throw CommandFailure("The file is empty: nothing was imported; name one that `export` wrote.") }
    guard let end else { throw Self.cutOff(number) }
    guard end == found else {
      throw failure(
        number,
        "It counts \(end.messages) messages, \(end.tasks) tasks and \(end.agents) agents, and there are \(found.messages), \(found.tasks) "
          + "and \(found.agents): lines are missing.")
    }
    return found
  }

  private static func cutOff(_ line: Int) -> CommandFailure {
    CommandFailure("The file is cut off at line \(line): nothing was imported; export once more, or copy the file again.")
  }

  private static let markdown = "Markdown is for reading and cannot be imported: export with --format jsonl."

  private func failure(_ line: Int, _ sentence: String) -> CommandFailure {
    CommandFailure("line \(line): \(sentence) Nothing was imported.")
  }
}

extension ArchiveTotals {
  var count: Int { messages + tasks + agents }
}

/// Writes the records of a checked file, page by page.
struct Importer {
  let store: any BridgeStore

  func run(_ reader: LineReader, progress: (Int) throws -> Void) async throws -> Imported {
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
    while let line = try reader.next() {
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

/// The result of an import.
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
