/// A task as an agent sees it.
///
/// Rows may have been written by hand, so every column can be missing and the status can be any text.
public struct BridgeTask: FieldedRecord, Hashable {
  public var id: String?
  /// The creator.
  public var sender: String?
  /// The assignee.
  public var recipient: String?
  public var title: String?
  public var description: String?
  public var status: String?
  public var result: String?
  public var createdAt: String?
  public var updatedAt: String?
  /// The instance that works on it.
  public var holder: String?
  /// The stamp of the session that the holder belongs to.
  var holderSession: String?
  /// It is in progress, and its holder has ended or sent no heartbeat for 10 minutes: another instance may take it over.
  public var stale = false
  /// The bytes of title, description and result, where one of them is an excerpt.
  public var size: Int?

  public init() {}

  public init(
    id: String?, sender: String?, recipient: String?, title: String?, description: String? = nil, status: String? = nil,
    result: String? = nil, createdAt: String? = nil, updatedAt: String? = nil
  ) {
    (self.id, self.sender, self.recipient, self.title) = (id, sender, recipient, title)
    (self.description, self.status, self.result) = (description, status, result)
    (self.createdAt, self.updatedAt) = (createdAt, updatedAt)
  }

  public static let columns: [RecordField<Self>] = [
    .text("id", \.id), .text("sender", \.sender), .text("recipient", \.recipient), .text("title", \.title),
    .text("description", \.description), .text("status", \.status), .text("created_at", \.createdAt), .text("updated_at", \.updatedAt),
    .text("result", \.result),
  ]
  public static let fields = columns

  public var isEnded: Bool { status.flatMap(TaskStatus.init)?.isEnded == true }

  /// With excerpts of texts that are too long to be shown.
  public var excerpted: BridgeTask {
    let texts = [title, description, result].compactMap(\.self)
    guard texts.contains(where: { $0.utf8.count > Limits.shownBytes }) else { return self }
    var task = self
    (task.title, task.description, task.result) = (title?.excerpt, description?.excerpt, result?.excerpt)
    task.size = texts.map(\.utf8.count).reduce(0, +)
    return task
  }

  /// Without description and result, which can be long.
  public var withoutTexts: BridgeTask {
    var task = self
    (task.description, task.result) = (nil, nil)
    return task
  }

  /// Sets the holder and whether its claim is stale. Only a task in progress has a holder.
  ///
  /// - Parameters:
  ///   - session: the stamp of the holder's session.
  ///   - process: the process of that session, encoded.
  ///   - isExpired: whether the claim has ended by the store's clock.
  public mutating func setClaim(holder: String?, session: String?, process: String?, isExpired: Bool) {
    self.holder = status == TaskStatus.inProgress.rawValue ? holder : nil
    holderSession = self.holder == nil ? nil : session
    stale = self.holder != nil && Presence.isOver(process, expired: isExpired)
  }
}

/// The side of a task on which an agent stands.
public enum TaskRole: String, Sendable, CaseIterable, CustomStringConvertible {
  case assignee, creator

  public var description: String { rawValue }
}

/// One change of a task.
public struct TaskEvent: FieldedRecord, Hashable {
  public var at: String?
  /// Who changed it; nil when the row was written by hand.
  public var actor: String?
  /// The status before; nil when it was created.
  public var from: String?
  public var to: String?
  public var note: String?

  public init() {}

  public static let columns: [RecordField<Self>] = [
    .time("at", \.at), .text("actor", \.actor), .text("from", column: "from_status", \.from), .text("to", column: "to_status", \.to),
    .text("note", \.note),
  ]
  public static let fields = columns
}

/// Where a task stands: `pending -> in_progress -> completed | failed`.
public enum TaskStatus: String, Sendable, CaseIterable, CustomStringConvertible {
  case pending
  case inProgress = "in_progress"
  case completed
  case failed

  /// An ended task stays ended.
  public var isEnded: Bool { self == .completed || self == .failed }

  public var description: String { rawValue }
}
