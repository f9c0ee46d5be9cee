/// A known agent. Its instances are not copied: they belong to their store.
public struct ArchivedAgent: FieldedRecord, Hashable {
  public var name = ""
  /// Times are RFC 3339, UTC, milliseconds.
  public var addedAt = ArchiveTime.epoch
  public var lastSeen: String?
  public var host: String?
  public var client: String?

  public init() {}

  public static let columns: [RecordField<Self>] = [
    .required("name", \.name), .required("added_at", \.addedAt, kind: .time), .time("last_seen", \.lastSeen), .text("host", \.host),
    .text("client", \.client),
  ]
  public static let fields = columns

  /// The later heartbeat wins.
  public func merged(with source: ArchivedAgent) -> ArchivedAgent {
    guard (source.lastSeen ?? "") > (lastSeen ?? "") else { return self }
    var result = source
    result.addedAt = addedAt
    result.client = source.client ?? client
    return result
  }

  /// The agents that a store has to write to know all of these, and the outcome.
  ///
  /// - Parameter present: the agents that the store knows.
  public static func plan(_ agents: [ArchivedAgent], present: [ArchivedAgent]) -> (changed: [ArchivedAgent], outcome: ArchiveOutcome) {
    let before = Dictionary(present.map { ($0.name, $0) }) { first, _ in first }
    var after = before
    for agent in agents { after[agent.name] = after[agent.name]?.merged(with: agent) ?? agent }
    let changed = after.values.filter { $0 != before[$0.name] }
    var outcome = ArchiveOutcome()
    outcome.added = after.count - before.count
    outcome.updated = changed.count - outcome.added
    return (changed, outcome)
  }
}
