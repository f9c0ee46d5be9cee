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

  public init(
    agent: Identity, sender: String? = nil, includesTasks: Bool = false, limit: Int = 50, characters: Int = ReplyBudget.characters,
    instance: Instance?
  ) {
    self.agent = agent
    self.sender = sender
    self.includesTasks = includesTasks
    self.limit = limit
    self.characters = characters
    self.instance = instance
  }
}

/// What was taken, in inbox order, under a lease that ends when it is confirmed, undone or expired.
public struct Delivery: Hashable, Sendable {
  /// Names the lease; nil when there is nothing to confirm.
  public var lease: String?
  public var messages: [Message]
  public var tasks: [BridgeTask]
  /// Unread messages that match the request and were left.
  public var remaining: Int

  public init(lease: String? = nil, messages: [Message] = [], tasks: [BridgeTask] = [], remaining: Int = 0) {
    self.lease = lease
    self.messages = messages
    self.tasks = tasks
    self.remaining = remaining
  }

  public var isEmpty: Bool { messages.isEmpty && tasks.isEmpty }
}

public struct UnreadCounts: Hashable, Sendable {
  public var messages: Int
  /// Tasks that are new for the agent, or changed and created by it.
  public var tasks: Int

  public init(messages: Int = 0, tasks: Int = 0) {
    self.messages = messages
    self.tasks = tasks
  }

  public var isEmpty: Bool { messages == 0 && tasks == 0 }
}
