public enum PrunePlace: Hashable, Sendable {
  case messages(after: Int64)
  case tasks(after: Int64)
}

/// What a step of pruning removed, or would remove.
public struct PruneStep: Hashable, Sendable {
  public var messages = 0
  public var tasks = 0
  /// Nil at the end.
  public var next: PrunePlace?

  public init(messages: Int = 0, tasks: Int = 0, next: PrunePlace?) {
    (self.messages, self.tasks, self.next) = (messages, tasks, next)
  }
}

/// The result of returning space, in bytes.
public struct ReturnedSpace: Hashable, Sendable {
  public var returned: Int64
  /// Kept by the store for later rows; nil if unknown.
  public var reusable: Int64?

  public init(returned: Int64, reusable: Int64?) {
    self.returned = returned
    self.reusable = reusable
  }
}
