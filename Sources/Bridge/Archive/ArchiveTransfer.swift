/// Copies one store into another, and compares them.
public struct ArchiveTransfer: Sendable {
  /// How far the copy is.
  public struct Progress: Hashable, Sendable {
    public enum Phase: String, Sendable {
      case copying, checking
    }

    public var phase: Phase
    public var done: Int
    public var total: Int
  }

  let source: any BridgeStore
  let target: any BridgeStore
  /// Called between two transactions. An error ends the copy, which can be run again.
  let progress: @Sendable (Progress) throws -> Void

  public init(
    from source: any BridgeStore, to target: any BridgeStore,
    progress: @escaping @Sendable (Progress) throws -> Void = { _ in }
  ) {
    (self.source, self.target, self.progress) = (source, target, progress)
  }

  /// - Throws: `invalidValue` if both are the same store, `notFound` if there is no source, and the errors of the stores.
  public func run() async throws -> TransferReport {
    guard try await source.exists() else {
      throw BridgeError(.notFound, "There is no store to copy from: check the name, and the workspace.")
    }
    guard try await source.archiveIdentity() != target.archiveIdentity() else {
      throw BridgeError(.invalidValue, "Both sides are the same store: name another one to copy to.")
    }
    let totals = try await source.archiveTotals()
    let agents = try await source.archivedAgents()
    var report = TransferReport()
    report.agents = agents.count
    report.agentOutcome = try await target.write(agents)
    var position = Progress(phase: .copying, done: 0, total: totals.messages + totals.tasks)
    try await eachPage(of: ArchivedMessage.self, &position) { report.messages.outcome += try await target.write($0) }
    try await eachPage(of: ArchivedTask.self, &position) { report.tasks.outcome += try await target.write($0) }
    position = Progress(phase: .checking, done: 0, total: position.done)
    try await check(ArchivedMessage.self, &report.messages, &position)
    try await check(ArchivedTask.self, &report.tasks, &position)
    return report
  }

  private func eachPage<Record: ArchiveRecord>(
    of type: Record.Type, _ position: inout Progress, _ body: ([Record]) async throws -> Void
  ) async throws {
    var place: Int64?
    try progress(position)
    while true {
      let page = try await source.archived(type, after: place, limit: ArchiveLimits.pageRecords)
      if !page.records.isEmpty { try await body(page.records) }
      position.done += page.records.count
      position.total = max(position.total, position.done)
      try progress(position)
      guard let next = page.next else { return }
      place = next
    }
  }

  /// Reads the whole source again and compares each record with its counterpart, after copying what was written meanwhile.
  private func check<Record: ArchiveRecord>(
    _ type: Record.Type, _ report: inout TransferReport.Side, _ position: inout Progress
  ) async throws {
    try await eachPage(of: type, &position) { records in
      var found = try await target.counterparts(of: records)
      let late = records.filter { record in found[record.key].map { $0.isBehind(record) } ?? true }
      var keysTaken = 0
      if !late.isEmpty {
        let outcome = try await target.write(late)
        report.meanwhile.added += outcome.added
        report.meanwhile.updated += outcome.updated
        keysTaken = outcome.keysTaken
        found.merge(try await target.counterparts(of: late)) { $1 }
      }
      for record in records {
        report.found += 1
        let areEqual = report.sourceDigest == report.targetDigest
        record.digest(into: &report.sourceDigest)
        guard let counterpart = found[record.key] else {
          report.add(record.id, .missing)
          continue
        }
        if counterpart == record {
          if areEqual { report.targetDigest = report.sourceDigest } else { record.digest(into: &report.targetDigest) }
          continue
        }
        let isSame = counterpart.isSame(as: record)
        // A key that another record of the target has is not copied.
        let isBehind = counterpart.isBehind(record) && (keysTaken == 0 || counterpart.isBehind(record.withoutKey))
        if !isSame { report.add(record.id, .different) } else if isBehind { report.add(record.id, .behind) }
        report.respelled += isSame && !counterpart.isSpelled(as: record) ? 1 : 0
        let isAhead = isSame && !isBehind && counterpart.digest != record.digest
        report.ahead += isAhead ? 1 : 0
        (isAhead ? record : counterpart).digest(into: &report.targetDigest)
      }
    }
  }
}

extension ArchiveRecord {
  fileprivate var digest: ArchiveDigest {
    var digest = ArchiveDigest()
    self.digest(into: &digest)
    return digest
  }

  fileprivate var withoutKey: Self {
    var record = self
    record.idempotencyKey = nil
    return record
  }
}

/// Limits of a page, so that memory does not depend on the size of the store.
public enum ArchiveLimits {
  public static let pageRecords = 1_000
  public static let pageBytes = 4 << 20
}
