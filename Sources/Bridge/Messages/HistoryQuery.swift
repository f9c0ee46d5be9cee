/// A query for messages that an agent sent and received, newest first.
public struct HistoryQuery: Hashable, Sendable {
  /// Nil for everybody's messages.
  public var agent: Identity?
  /// Words that the content must contain, each as a prefix; a query without letters or digits is searched for literally.
  public var text: String?
  /// The other side of the conversation; of everybody's messages, one of the sides.
  public var with: String?
  public var taskID: String?
  /// Only messages older than this one: a message's id, or a time.
  public var before: String?
  public var limit: Int
  /// Shows texts of more than 4 MiB whole.
  public var isWhole = false
  /// The most characters that the messages may take in a reply; the first is returned whatever its size.
  public var characters: Int

  public init(
    agent: Identity?, text: String? = nil, with: String? = nil, taskID: String? = nil, before: String? = nil, limit: Int = 20,
    characters: Int = ReplyBudget.characters
  ) {
    (self.agent, self.text, self.with, self.taskID) = (agent, text, with, taskID)
    (self.before, self.limit, self.characters) = (before, limit, characters)
  }

  public var taskReference: IDReference? { taskID.map { IDReference($0, field: "task_id", to: .task) } }

  /// - Throws: `BridgeError` with the code `invalidValue` that names the field.
  public func validate() throws(BridgeError) {
    if let text { try TextRule.text(text, field: "query") }
    try TextRule.reference(with, field: "with", kind: "a name")
    try TextRule.reference(taskID, field: "task_id")
    try TextRule.reference(before, field: "before", kind: "an id or a time")
  }
}

public struct HistoryPage: Hashable, Sendable {
  public var messages: [Message]
  /// There are older messages that match.
  public var more: Bool
  /// The text index is being built: some messages are not found yet.
  public var isPartial = false

  public init(messages: [Message], more: Bool) { (self.messages, self.more) = (messages, more) }
}

/// Fills a page of an agent's history, newest first.
public struct HistoryPageBuilder {
  public private(set) var page = HistoryPage(messages: [], more: false)
  private var budget: ReplyBudget
  private let query: HistoryQuery

  public init(_ query: HistoryQuery) {
    budget = ReplyBudget(characters: query.characters)
    self.query = query
  }

  /// Whether a message did not fit, so that no others are needed.
  public var isFull: Bool { page.more }

  /// Notes that messages were left out which the text index does not have yet.
  public mutating func passOver() { page.isPartial = true }

  /// Adds the next message, unless the page is full.
  public mutating func add(_ message: Message) {
    let excerpted = message.excerpted
    if !isFull, page.messages.count < query.limit, budget.admits(excerpted.replyCost) {
      page.messages.append(query.isWhole ? message : excerpted)
    } else {
      page.more = true
    }
  }
}
