/// A task with all that a store keeps of it.
public struct ArchivedTask: ArchiveRecord, Hashable {
  public var id: ArchivedText
  public var sender: ArchivedText?
  public var recipient: ArchivedText?
  public var title: ArchivedText?
  public var description: ArchivedText?
  public var status: ArchivedText?
  public var createdAt: ArchivedText?
  public var updatedAt: ArchivedText?
  public var result: ArchivedText?
  public var idempotencyKey: String?
  /// The instance that claims it.
  public var holder: String?
  public var holderProcess: String?
  /// RFC 3339, UTC, milliseconds; empty where the holder has ended.
  public var heldUntil: String?
  public var assigneeUnseen = false
  public var creatorUnseen = false
  public var events: [ArchivedEvent] = []

  public init(
    id: ArchivedText, sender: ArchivedText?, recipient: ArchivedText?, title: ArchivedText?, description: ArchivedText?,
    status: ArchivedText?, createdAt: ArchivedText?, updatedAt: ArchivedText?, result: ArchivedText?
  ) {
    self.id = id
    self.sender = sender
    self.recipient = recipient
    self.title = title
    self.description = description
    self.status = status
    self.createdAt = createdAt
    self.updatedAt = updatedAt
    self.result = result
  }

  private var knownStatus: TaskStatus? { status.flatMap { TaskStatus(rawValue: $0.portable) } }
  public var isEnded: Bool { knownStatus?.isEnded ?? false }

  public func isSame(as other: ArchivedTask) -> Bool {
    sender.isSame(as: other.sender) && recipient.isSame(as: other.recipient) && title.isSame(as: other.title)
      && description.isSame(as: other.description) && createdAt.isSame(as: other.createdAt)
  }

  /// The newer state wins; the histories become one.
  public func merged(with source: ArchivedTask) -> ArchivedTask {
    var result = self
    result.idempotencyKey = idempotencyKey ?? source.idempotencyKey
    result.events = events.merged(with: source.events)
    if source.isNewer(than: self) {
      result.status = source.status
      result.updatedAt = source.updatedAt
      result.result = source.result
      result.takeClaim(of: source)
      result.assigneeUnseen = source.assigneeUnseen
      result.creatorUnseen = source.creatorUnseen
    } else if !isNewer(than: source), status.isSame(as: source.status) {
      if source.hasLaterClaim(than: self) { result.takeClaim(of: source) }
      // The same state: who has looked on one side has looked; a late result is news again.
      let hasMore = result.events.count > events.count
      result.assigneeUnseen = hasMore ? source.assigneeUnseen : assigneeUnseen && source.assigneeUnseen
      result.creatorUnseen = hasMore ? source.creatorUnseen : creatorUnseen && source.creatorUnseen
    }
    return result
  }

  private mutating func takeClaim(of other: ArchivedTask) {
    holder = other.holder
    holderProcess = other.holderProcess
    heldUntil = other.heldUntil
  }

  /// What a holder said last is that it has ended. Of two claims the longer one counts.
  private func hasLaterClaim(than other: ArchivedTask) -> Bool {
    if let holder, holder == other.holder, heldUntil == "" || other.heldUntil == "" { return other.heldUntil != "" }
    return (heldUntil ?? "") > (other.heldUntil ?? "")
  }

  /// Ended wins over open, and stays as it is; of two open ones the later change wins, then the one that is further on.
  private func isNewer(than other: ArchivedTask) -> Bool {
    if isEnded || other.isEnded { return isEnded && !other.isEnded }
    let (mine, others) = (changedAt, other.changedAt)
    if mine != others { return mine > others }
    return progress > other.progress
  }

  /// Seconds since 1970; before all times where there is none.
  private var changedAt: Double { updatedAt.flatMap { ArchiveTime.seconds(of: $0.portable) } ?? -.infinity }

  private var progress: Int {
    switch knownStatus {
    case .inProgress: 2
    case .pending: 0
    default: 1
    }
  }

  public func digest(into digest: inout ArchiveDigest) {
    digest.add(id.portableID)
    for column in [sender, recipient, title, description, status, createdAt, updatedAt, result] { digest.add(column?.portable) }
    for detail in [idempotencyKey, holder, holderProcess, heldUntil, assigneeUnseen ? "new" : nil, creatorUnseen ? "news" : nil] {
      digest.add(detail)
    }
    for event in events { for part in [event.at, event.actor, event.instance, event.from, event.to, event.note] { digest.add(part) } }
  }
}

/// One change of a task, as it is carried.
public struct ArchivedEvent: Hashable, Sendable {
  /// RFC 3339, UTC, milliseconds.
  public var at: String
  public var actor: String?
  public var instance: String?
  public var from: String?
  public var to: String?
  public var note: String?

  public init(at: String, actor: String?, instance: String?, from: String?, to: String?, note: String?) {
    self.at = at
    self.actor = actor
    self.instance = instance
    self.from = from
    self.to = to
    self.note = note
  }
}

extension [ArchivedEvent] {
  /// One history of two: what both have is there once. In the source's order where it knows all, else by time.
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
