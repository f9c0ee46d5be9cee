import ArgumentParser
import Bridge
import MCP

struct Prune: AsyncParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "prune",
    abstract: "Remove old messages that were read, and old tasks that have ended.",
    discussion: """
      Keeps messages that are unread, being delivered or about an open task, and tasks whose end is still news for an agent that was \
      there since. The age of a message is that of created_at, of a task that of its last change; records without a readable time stay. \
      Agents can continue to work. The space is returned to the system as far as the store allows.

      Examples:
        cowork-code-mcp-server prune --older-than 30d --dry-run     only prints what would be removed
        cowork-code-mcp-server prune --older-than 30d
        cowork-code-mcp-server prune --older-than 12h --database-url postgres://me@db.example.com/bridge --json
      """)

  @Option(
    parsing: .unconditional,
    help: ArgumentHelp("How old: \(TimeText.rule).", valueName: "time"), transform: TimeText.age)
  var olderThan: Duration

  @Flag(help: "Change nothing; print what would be removed.")
  var dryRun = false

  @Flag(help: "Print one line of JSON.")
  var json = false

  @OptionGroup var store: StoreOptions

  func run() async throws {
    let work = try LongWork()
    let pruned = try await store.location().withStore(absence: .failure, logger: store.logger()) { try await prune($0, work) }
    try await StandardStreams.show(pruned, json: json, as: pruned.shown())
  }

  private func prune(_ store: any BridgeStore, _ work: LongWork) async throws -> Pruned {
    defer { work.clear() }
    let totals = try await store.archiveTotals()
    var pruned = Pruned(dryRun: dryRun)
    let time = try await store.time(before: olderThan)
    var place: PrunePlace?
    repeat {
      let step = try await store.prune(before: time, after: place, dryRun: dryRun)
      pruned.messages += step.messages
      pruned.tasks += step.tasks
      place = step.next
      try work.step(
        dryRun ? "looking" : "pruning", pruned.messages + pruned.tasks, of: totals.messages + totals.tasks,
        interrupted: "\(pruned.parts) \(dryRun ? "would be" : "were") removed so far; run it again to go on.")
    } while place != nil
    if !dryRun { pruned.space = ReturnedSpace(returned: 0, reusable: 0) }
    if !dryRun, pruned.messages + pruned.tasks > 0 { pruned.space = try await store.giveBackSpace() }
    return pruned
  }
}

private struct Pruned: StructuredOutput {
  let dryRun: Bool
  var messages = 0
  var tasks = 0
  /// Nil for a dry run.
  var space: ReturnedSpace?

  static let schema = ObjectSchema<Self> {
    Field("dry_run", .boolean, \.dryRun)
    Field("messages", .integer, \.messages)
    Field("tasks", .integer, \.tasks)
    Field(optional: "bytes_returned", .bytes, \.space?.returned)
    Field(optional: "bytes_reusable", .nullable(.bytes), \.reusable)
  }

  private var reusable: Int64?? { space.map(\.reusable) }

  var parts: String { "\(counted(messages, "read message")) and \(counted(tasks, "ended task"))" }

  func shown() -> String {
    if messages + tasks == 0 { return "Nothing is old enough: nothing \(dryRun ? "would be" : "was") removed.\n" }
    guard let space else { return "Would remove \(parts). Nothing was changed.\n" }
    var text = "Removed \(parts). \(space.returned) bytes came back"
    switch space.reusable {
    case nil: text += ", and what else is free in the tables is for what comes next"
    case 0?: break
    case let bytes?: text += ", and \(bytes) more are free inside of the file for what comes next"
    }
    return text + ".\n"
  }
}

extension FieldType where Value == Int64 {
  fileprivate static var bytes: FieldType { FieldType<Int>.integer.mapping { Int($0) } }
}
