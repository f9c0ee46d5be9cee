/// A task with everything that a store keeps of it.
public struct ArchivedTask: ArchiveRecord, Hashable {
  public var id = ArchivedText("")
  public var sender: ArchivedText?
  public var recipient: ArchivedText?
  public var title: ArchivedText?
  public var description: ArchivedText?
  public var status: ArchivedText?
  public var createdAt: ArchivedText?
  public var updatedAt: ArchivedText?
  public var result: ArchivedText?
  public var idempotencyKey: String?
  /// The instance that holds the claim.
  public var holder: String?
  public var holderProcess: String?
  /// RFC 3339, UTC, milliseconds; empty if the holder has ended.
  public var heldUntil: String?
  public var assigneeNews = false
  public var creatorNews = false
  public var events: [ArchivedEvent] = []

  public init() {}

  public static let tables = RecordTables(name: "tasks", details: "task_details", id: "task_id", events: "task_events")
  public static let columns: [RecordField<Self>] = [
    .id(\.id), .exact("sender", \.sender), .exact("recipient", \.recipient), .exact("title", \.title),
    .exact("description", \.description), .exact("status", \.status, []), .exact("created_at", \.createdAt),
    .exact("updated_at", \.updatedAt, []), .exact("result", \.result, []),
  ]
  public static let details: [RecordField<Self>] = [
    .text("idempotency_key", \.idempotencyKey), .text("holder", \.holder), .text("holder_process", \.holderProcess),
    .deadline("held_until", \.heldUntil), .flag("assignee_unseen", column: "assignee_news", \.assigneeNews),
    .flag("creator_unseen", column: "creator_news", \.creatorNews),
  ]
  public static let fields = columns + details
  public static let leaseItems: [LeaseItem] = [.assigneeNews, .creatorNews]

  private var knownStatus: TaskStatus? { status.flatMap { TaskStatus(rawValue: $0.portable) } }
  public var isEnded: Bool { knownStatus?.isEnded ?? false }

  public var isNews: Bool { assigneeNews || creatorNews }
  public var hasDetails: Bool { true }
  public var keyOwner: ArchivedText? { sender }
  public static let hasKeyForEachRecipient = false

  /// News under a lease may or may not have arrived: elsewhere it is news.
  public mutating func giveBack(_ item: LeaseItem) {
    switch item {
    case .message: break
    case .assigneeNews: assigneeNews = true
    case .creatorNews: creatorNews = true
    }
  }

  /// The newer state wins, and the histories are merged.
  public func merged(with source: ArchivedTask) -> ArchivedTask {
    var result = self
    result.idempotencyKey = idempotencyKey ?? source.idempotencyKey
    result.events = events.merged(with: source.events)
    if source.isNewer(than: self) {
      result.status = source.status
      result.updatedAt = source.updatedAt
      result.result = source.result
      result.takeClaim(of: source)
      result.assigneeNews = source.assigneeNews
      result.creatorNews = source.creatorNews
    } else if !isNewer(than: source), status.isSame(as: source.status) {
      if source.hasLaterClaim(than: self) { result.takeClaim(of: source) }
      // In the same state, news that was read in one store is read. A late result is news again.
      let hasMore = result.events.count > events.count
      result.assigneeNews = hasMore ? source.assigneeNews : assigneeNews && source.assigneeNews
      result.creatorNews = hasMore ? source.creatorNews : creatorNews && source.creatorNews
    }
    return result
  }

  private mutating func takeClaim(of other: ArchivedTask) {
    holder = other.holder
    holderProcess = other.holderProcess
    heldUntil = other.heldUntil
  }

  /// A claim that has ended is the holder's last one. Of two other claims the longer one counts.
  private func hasLaterClaim(than other: ArchivedTask) -> Bool {
    if let holder, holder == other.holder, heldUntil == "" || other.heldUntil == "" { return other.heldUntil != "" }
    return (heldUntil ?? "") > (other.heldUntil ?? "")
  }

  /// Ended wins over open, and never changes. Of two open states the later change wins, then the one with more progress.
  private func isNewer(than other: ArchivedTask) -> Bool {
    if isEnded || other.isEnded { return isEnded && !other.isEnded }
    let (mine, others) = (changedAt, other.changedAt)
    if mine != others { return mine > others }
    return progress > other.progress
  }

  /// Seconds since 1970; before all times if there is none.
  private var changedAt: Double { updatedAt.flatMap { ArchiveTime.seconds(of: $0.portable) } ?? -.infinity }

  private var progress: Int {
    switch knownStatus {
    case .inProgress: 2
    case .pending: 0
    default: 1
    }
  }
}

/// One change of a task.
public struct ArchivedEvent: FieldedRecord, Hashable {
  /// RFC 3339, UTC, milliseconds.
  public var at = ArchiveTime.epoch
  public var actor: String?
  public var instance: String?
  public var from: String?
  public var to: String?
  public var note: String?

  public init() {}

  public static let columns: [RecordField<Self>] = [
    .required("at", \.at, kind: .time), .text("actor", \.actor), .text("instance", \.instance),
    .text("from", column: "from_status", \.from),
    .text("to", column: "to_status", \.to), .text("note", \.note),
  ]
  public static let fields = columns
}

extension [ArchivedEvent] {
  /// Merges two histories: events of both occur once. The order is the source's if it has all events, else that of the times.
  func merged(with source: [ArchivedEvent]) -> [ArchivedEvent] {
    var counts = [ArchivedEvent: Int]()
    for event in self { counts[event, default: 0] += 1 }
    var missing = [ArchivedEvent]()
    for event in source {
      if let count = counts[event], count > 0 { counts[event] = count - 1 } else { missing.append(event) }
    }
    if missing.isEmpty { return self }
    if counts.values.allSatisfy({ $0 == 0 }) { return source }
    return (self + missing).enumerated().sorted { ($0.element.at, $0.offset) < ($1.element.at, $1.offset) }.map(\.element)
  }
}
