import Bridge

/// Reads a store page by page and writes what is wanted.
struct Exporter {
  let store: any BridgeStore
  let filter: ExportFilter
  let output: ExportOutput
  let progress: (_ done: Int, _ total: Int) throws -> Void

  /// A header, a record a line, and how many there were.
  func writeLines() async throws {
    var totals = ArchiveTotals(messages: 0, tasks: 0, agents: 0)
    try await output.write(ArchiveLine.header(isPartial: !filter.isWhole).encoded)
    let agents = try await store.archivedAgents().filter { filter.agent == nil || $0.name == filter.agent?.name }
    try await output.write(agents.map { ArchiveLine.agent($0).encoded }.joined())
    totals.agents = agents.count
    try await eachPage { messages, tasks in
      try await output.write(messages.map { ArchiveLine.message($0).encoded } + tasks.map { ArchiveLine.task($0).encoded })
      totals.messages += messages.count
      totals.tasks += tasks.count
    }
    try await output.write(ArchiveLine.end(totals).encoded)
  }

  /// A conversation for people.
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
        try await body(page.records.filter { filter.admits($0.sender, $0.recipient, $0.createdAt) })
        try progress(done, max(total, done))
        place = page.next
      } while place != nil
    }
    try await read { try await body($0, []) }
    try await read { try await body([], $0) }
  }
}

/// A file, or standard output.
struct ExportOutput {
  let file: NewFile?

  func write(_ text: String) async throws {
    if text.isEmpty { return }
    if let file { try file.write(text) } else { try await StandardStreams.write(text) }
  }

  func write(_ parts: [String]) async throws { try await write(parts.joined()) }
}
