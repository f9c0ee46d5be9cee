import ArgumentParser
import Bridge
import JSON
import MCP

struct Copy: AsyncParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "copy",
    abstract: "Copy a whole store into another: SQLite to Postgres, back, or to a second one.",
    discussion: """
      Copies all messages, tasks with their history and claims, and known agents. Existing records are not duplicated, so you can run an \
      interrupted copy again, and a later copy adds what is new: read wins over unread, ended over open, a later change over an earlier \
      one. Messages that are being delivered are unread in the copy. Finally both sides are compared.

      Exit status: 0 if both sides hold the same, 1 if they do not or the copy failed.

      Examples:
        cowork-code-mcp-server copy --from ~/.cowork-code-mcp/messages.db --to postgres://me@db.example.com/bridge
        cowork-code-mcp-server copy --from postgres://me@db.example.com/bridge --to ./backup.db
        cowork-code-mcp-server copy --from postgres:///bridge --to postgres:///other --workspace shop
      """)

  @Option(help: ArgumentHelp("The store to copy: postgres://…, sqlite:///absolute/path.db, or a file's path.", valueName: "url"))
  var from: String

  @Option(help: ArgumentHelp("The store to copy to; it is created if it does not exist.", valueName: "url"))
  var to: String

  @Option(help: ArgumentHelp("The workspace, on each side that is not a file.", valueName: "name"))
  var workspace: String?

  @Option(help: ArgumentHelp("The workspace to copy from.", valueName: "name"))
  var fromWorkspace: String?

  @Option(help: ArgumentHelp("The workspace to copy to.", valueName: "name"))
  var toWorkspace: String?

  @Flag(help: "Print one line of JSON.")
  var json = false

  @OptionGroup var logging: LoggingOption
  @OptionGroup var colour: ColourOption

  func validate() throws { _ = try locations() }

  private func locations() throws -> (from: StoreLocation, to: StoreLocation) {
    (try location(from, fromWorkspace, "--from"), try location(to, toWorkspace, "--to"))
  }

  /// A file is a workspace of its own, so the common name applies to the other side.
  private func location(_ url: String, _ own: String?, _ option: String) throws -> StoreLocation {
    guard !url.isEmpty else { throw ValidationError("\(option) is empty: name a store, such as ~/.cowork-code-mcp/messages.db.") }
    return try usage {
      if own == nil, case .sqlite = try StoreLocation(url: url, workspace: nil) { return try StoreLocation(url: url, workspace: nil) }
      return try StoreLocation(url: url, workspace: (own ?? workspace).map { try Workspace($0) })
    }
  }

  func run() async throws {
    let (from, to) = try locations()
    let logger = try logging.logger()
    let work = try LongWork()
    let report = try await from.withStore(logger: logger) { source in
      try await to.withStore(logger: logger) { target in
        defer { work.clear() }
        return try await ArchiveTransfer(from: source, to: target) { progress in
          let (phase, done, total) = (progress.phase.rawValue, progress.done, progress.total)
          try work.step(phase, done, of: total, interrupted: "\(done) of \(total) were done (\(phase)); run it again to go on.")
        }.run()
      }
    }
    try await StandardStreams.show(report, json: json, as: report.shown(from: from.description, to: to.description))
    if !report.isEqual { throw ExitCode.failure }
  }
}

extension TransferReport {
  func shown(from: String, to: String) -> String {
    var text = "Copied \(from.harmlessLine) to \(to.harmlessLine).\n"
    for (noun, side) in [("message", messages), ("task", tasks)] {
      let outcome = side.outcome
      var parts = ["\(outcome.added) added"]
      if outcome.updated > 0 { parts.append("\(outcome.updated) brought up to date") }
      // Records that changed meanwhile existed already, or had just been added.
      let untouched = side.found - outcome.added - outcome.updated - side.meanwhile.added
      if untouched > 0 { parts.append("\(untouched) there already") }
      if side.meanwhile.added > 0 { parts.append("\(side.meanwhile.added) arrived meanwhile") }
      if side.meanwhile.updated > 0 { parts.append("\(side.meanwhile.updated) changed meanwhile") }
      if side.ahead > 0 { parts.append("\(side.ahead) newer in the target") }
      if outcome.keysTaken > 0 { parts.append("\(outcome.keysTaken) without the idempotency key, which is taken in the target") }
      if side.respelled > 0 { parts.append("\(side.respelled) with bytes that Postgres cannot hold, which are text such as X'00FF' there") }
      text += "  \(counted(side.found, noun)): \(parts.joined(separator: ", "))\n"
    }
    text += "  \(counted(agents, "agent")): \(agentOutcome.added) added\n"
    let isRespelled = messages.respelled + tasks.respelled > 0
    if isEqual { return text + Colours.good("Both sides hold the same\(isRespelled ? ", but for these bytes" : "").") + "\n" }
    let count = messages.differences + tasks.differences
    text += Colours.bad("The sides differ in \(counted(count, "record")); nothing of these was changed:") + "\n"
    for (noun, side) in [("message", messages), ("task", tasks)] {
      for difference in side.firstDifferences {
        text += "  \(noun) \(difference.id.portableID.harmlessLine) \(difference.fault.sentence)\n"
      }
    }
    return text
  }
}

extension TransferReport: StructuredOutput {
  public static let schema = ObjectSchema<Self> {
    Field("messages", .object(), \.messages)
    Field("tasks", .object(), \.tasks)
    Field("agents", .object(), \.agentCounts)
    Field("equal", .boolean, \.isEqual)
  }

  private var agentCounts: AgentCounts { AgentCounts(found: agents, added: agentOutcome.added) }
}

private struct AgentCounts: StructuredOutput {
  let found: Int
  let added: Int

  static let schema = ObjectSchema<Self> {
    Field("found", .integer, \.found)
    Field("added", .integer, \.added)
  }
}

extension TransferReport.Side: StructuredOutput {
  public static let schema = ObjectSchema<Self> {
    Field("found", .integer, \.found)
    Field("added", .integer, \.outcome.added)
    Field("updated", .integer, \.outcome.updated)
    Field("arrived_meanwhile", .integer, \.meanwhile.added)
    Field("changed_meanwhile", .integer, \.meanwhile.updated)
    Field("newer_in_target", .integer, \.ahead)
    Field("keys_taken", .integer, \.outcome.keysTaken)
    Field("respelled", .integer, \.respelled)
    Field("digest_from", .string, \.sourceDigest.description)
    Field("digest_to", .string, \.targetDigest.description)
    Field("differences", .integer, \.differences)
    Field("first_differences", .array(.object()), \.firstDifferences)
  }
}

extension TransferReport.Difference: StructuredOutput {
  public static let schema = ObjectSchema<Self> {
    Field("id", .string, \.id.portableID)
    Field("fault", .string, \.fault.rawValue)
  }
}

extension TransferReport.Fault {
  fileprivate var sentence: String {
    switch self {
    case .missing: "is missing in the target"
    case .different: "is something else in the target"
    case .behind: "has an older state in the target"
    }
  }
}

extension JSON {
  var line: String { String(decoding: encoded(), as: UTF8.self) + "\n" }
}
