/// A task as it stands in the store.
///
/// Rows may have been written by hand, so every column can be missing and the status can be any text: they are shown as they are.
public struct BridgeTask: Hashable, Sendable {
  public var id: String?
  /// Who created it.
  public var sender: String?
  /// Who is to do it: the assignee.
  public var recipient: String?
  public var title: String?
  public var description: String?
  public var status: String?
  public var result: String?
  public var createdAt: String?
  public var updatedAt: String?
  /// The instance that works on it.
  public var holder: String?
  /// It is in progress, and its holder has ended or given no sign of life for 10 minutes: another process may take it over.
  public var stale: Bool

  public init(
    id: String?, sender: String?, recipient: String?, title: String?, description: String?, status: String?, result: String? = nil,
    createdAt: String? = nil, updatedAt: String? = nil, holder: String? = nil, stale: Bool = false
  ) {
    self.id = id
    self.sender = sender
    self.recipient = recipient
    self.title = title
    self.description = description
    self.status = status
    self.result = result
    self.createdAt = createdAt
    self.updatedAt = updatedAt
    self.holder = holder
    self.stale = stale
  }
}

/// The side of a task on which an agent stands.
public enum TaskRole: String, Sendable, CaseIterable, CustomStringConvertible {
  case assignee, creator

  public var description: String { rawValue }
}

/// One change of a task.
public struct TaskEvent: Hashable, Sendable {
  public var at: String?
  /// Who changed it; nil when the row was written by hand.
  public var actor: String?
  /// The status before; nil when it was created.
  public var from: String?
  public var to: String?
  public var note: String?

  public init(at: String?, actor: String?, from: String?, to: String?, note: String?) {
    self.at = at
    self.actor = actor
    self.from = from
    self.to = to
    self.note = note
  }
}
