import Bridge

/// Something unread that an agent can be told about.
public struct News: Hashable, Sendable {
  enum Kind: Hashable, Sendable {
    case message
    /// A task that is assigned to the agent.
    case task(status: String)
    /// A task that the agent delegated has changed.
    case delegatedTask(status: String)
  }

  /// The same for the same news whenever and by whatever process it is looked at.
  let key: UInt64
  let kind: Kind
  /// As it stands in the row, made harmless.
  let id: String
  /// The other agent, made harmless.
  let peer: String
  /// What it wrote, made harmless.
  let line: String
  /// The sender as it stands in the row.
  let sender: String?

  init(_ message: Message) {
    kind = .message
    id = PeerText.name(message.id)
    peer = PeerText.name(message.sender)
    line = PeerText.firstLine(of: message.content)
    sender = message.sender
    // A row that was written by hand may have no id.
    key = StableHash.of(message.id.map { ["message", $0] } ?? ["message", nil, message.sender, message.createdAt, message.content])
  }

  init(_ task: BridgeTask, for agent: Identity) {
    let status = PeerText.name(task.status)
    id = PeerText.name(task.id)
    sender = task.sender
    if task.recipient == agent.name {
      kind = .task(status: status)
      peer = PeerText.name(task.sender)
      line = PeerText.firstLine(of: task.title)
    } else {
      kind = .delegatedTask(status: status)
      peer = PeerText.name(task.recipient)
      line = PeerText.firstLine(of: task.result ?? task.title)
    }
    key = StableHash.of(["task", task.id, task.status, task.updatedAt])
  }

  var isMessage: Bool { kind == .message }
}

/// All that waits for an agent at one moment.
public struct Inbox: Sendable {
  var news: [News]
  /// Unread messages that did not fit.
  var further: Int

  init(news: [News] = [], further: Int = 0) {
    self.news = news
    self.further = further
  }

  var isEmpty: Bool { news.isEmpty && further == 0 }

  /// Looks, and marks nothing.
  ///
  /// - Parameter includesOpenTasks: also tasks that the agent has seen and not ended.
  public static func look(
    through service: BridgeService, includesOpenTasks: Bool = false
  ) async throws(BridgeError) -> Inbox {
    let delivery = try await service.inbox(characters: 1_000_000)
    var tasks = delivery.tasks
    if includesOpenTasks {
      for status in [TaskStatus.inProgress, .pending] {
        let page = try await service.tasks(status: status, limit: Limits.pageSize.upperBound, markSeen: false)
        tasks += page.tasks.filter { task in !tasks.contains { $0.id == task.id } }
      }
    }
    return Inbox(news: delivery.messages.map { News($0) } + tasks.map { News($0, for: service.identity) }, further: delivery.remaining)
  }
}

/// FNV-1a, 64 bits: the same in every process, which `Hasher` is not.
enum StableHash {
  static func of(_ parts: [String?]) -> UInt64 {
    var hash: UInt64 = 0xCBF2_9CE4_8422_2325
    func add(_ byte: UInt8) { hash = (hash ^ UInt64(byte)) &* 0x100_0000_01B3 }
    for part in parts {
      add(part == nil ? 0xFE : 0xFF)
      for byte in (part ?? "").utf8 { add(byte) }
    }
    return hash
  }
}
