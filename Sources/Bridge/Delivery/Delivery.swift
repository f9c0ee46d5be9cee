/// What is to be taken from an agent's inbox.
public struct TakeRequest: Hashable, Sendable {
  public var agent: Identity
  /// Only messages of this sender.
  public var sender: String?
  /// Also the tasks that are new for the agent, or changed and created by it.
  public var includesTasks: Bool
  /// The most messages, and the most tasks.
  public var limit: Int
  /// The most characters that all may take in a reply; the first is returned whatever its size.
  public var characters: Int
  /// The instance that takes them; nil to look without taking.
  public var instance: Instance?
  /// Shows texts of more than 4 MiB whole.
  public var isWhole = false
  public var viewer: Viewer
  /// Only the reply to one message, for the call that sent it.
  public var reply: AwaitedReply?

  public init(
    agent: Identity, sender: String? = nil, includesTasks: Bool = false, limit: Int = 50, characters: Int = ReplyBudget.characters,
    instance: Instance?
  ) {
    (self.agent, self.sender, self.includesTasks) = (agent, sender, includesTasks)
    (self.limit, self.characters, self.instance) = (limit, characters, instance)
    viewer = instance.map { Viewer($0) } ?? Viewer(agent: agent)
  }
}

/// A reply that a call waits for: nobody else gets it while the call's lease lasts.
public struct AwaitedReply: Hashable, Sendable {
  /// The message that is answered.
  public var message: String
  public var lease: String
  /// Returns also a reply that was read already, without taking it.
  public var includesRead: Bool

  public init(message: String, lease: String, includesRead: Bool = false) {
    (self.message, self.lease, self.includesRead) = (message, lease, includesRead)
  }
}

/// What was taken from an inbox, in its order, or the tasks that were asked for. What it tells counts as read or seen once the lease is
/// confirmed; the lease also ends when it is undone or expires.
public struct Delivery: Hashable, Sendable {
  /// Names the lease; nil when there is nothing to confirm.
  public var lease: String?
  public var messages: [Message]
  public var tasks: [BridgeTask]
  /// What matches the request and was left: unread messages, or tasks of a list. `Limits.countLimit` where there are more.
  public var remaining: Int
  /// Where the next page of a list of tasks begins; nil behind the last one.
  public var next: TaskCursor?
  /// Unread messages that are kept for other sessions of the agent.
  public var elsewhere = 0
  /// News of tasks that is kept for other sessions.
  public var newsElsewhere = 0
  /// Unread messages that are delivered no more, because their leases expired again and again.
  public var setAside = 0

  public init(lease: String? = nil, messages: [Message] = [], tasks: [BridgeTask] = [], remaining: Int = 0, next: TaskCursor? = nil) {
    (self.lease, self.messages, self.tasks, self.remaining, self.next) = (lease, messages, tasks, remaining, next)
  }

  public var isEmpty: Bool { messages.isEmpty && tasks.isEmpty }
  /// How much is kept for others.
  var kept: Int { elsewhere + newsElsewhere }
  /// What was left although nothing was found is locked by somebody.
  var locked: Int { isEmpty ? remaining : 0 }
}

/// What waits for a session of an agent; of each kind `Limits.countLimit` where there is more.
public struct UnreadCounts: Hashable, Sendable {
  public var messages: Int
  /// Tasks that are new for the agent, or changed and created by it.
  public var tasks: Int
  /// Messages and tasks that are kept for other sessions of the agent.
  public var elsewhere: Int

  public init(messages: Int = 0, tasks: Int = 0, elsewhere: Int = 0) {
    (self.messages, self.tasks, self.elsewhere) = (messages, tasks, elsewhere)
  }

  public var isEmpty: Bool { messages == 0 && tasks == 0 }

  /// Whether more may wait than at an earlier count, which cannot be told beyond `Limits.countLimit`.
  public func mayExceed(_ earlier: UnreadCounts) -> Bool {
    func mayExceed(_ count: Int, _ earlier: Int) -> Bool { count > earlier || count >= Limits.countLimit }
    return mayExceed(messages, earlier.messages) || mayExceed(tasks, earlier.tasks)
  }
}
