import Bridge

/// A piece of news that can be announced to an agent.
struct News: Hashable, Sendable {
  enum Kind: Hashable, Sendable {
    case message
    /// A task that is assigned to the agent.
    case task(status: String)
    /// A change of a task that the agent delegated.
    case delegatedTask(status: String)
  }

  /// Identifies the news, at any time and in any process.
  let key: UInt64
  let kind: Kind
  /// The row's id, as it is shown: in quotation marks unless it is a UUID.
  let id: String
  /// The other agent's name, sanitized.
  let peer: String
  /// The first line of its text, sanitized.
  let line: String
  /// The sender, unchanged.
  let sender: String?
  /// The stamp of the session to which it belongs, if it answers one or is about a task of one.
  let session: String?
  /// When it came, in seconds since 1970; nil if unknown.
  let time: Double?

  init(_ message: Message) {
    kind = .message
    id = PeerText.id(message.id)
    peer = PeerText.name(message.sender)
    line = PeerText.firstLine(of: message.content)
    sender = message.sender
    session = message.replyTo.map { Stamp.session(of: $0) }
    time = message.createdAt.flatMap { ArchiveTime.seconds(of: $0) }
    // A hand-typed row may have no id.
    key = StableHash.of(message.id.map { ["message", $0] } ?? ["message", nil, message.sender, message.createdAt, message.content])
  }

  init(_ task: BridgeTask, for agent: Identity) {
    let status = PeerText.status(task.status)
    id = PeerText.id(task.id)
    sender = task.sender
    session = task.sender == agent.name ? task.id.map { Stamp.session(of: $0) } : nil
    time = task.updatedAt.flatMap { ArchiveTime.seconds(of: $0) }
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
  /// No reason to wake a session: a task that it delegated was begun.
  var isMinor: Bool { kind == .delegatedTask(status: TaskStatus.inProgress.rawValue) }
}

/// Everything that waits for an agent at one moment.
struct Inbox: Sendable {
  var news: [News] = []
  /// Unread messages that did not fit.
  var further = 0

  /// Looks without marking anything.
  ///
  /// - Parameter includesOpenTasks: also tasks that the agent has seen and that have not ended.
  static func look(through service: BridgeService, includesOpenTasks: Bool = false) async throws(BridgeError) -> Inbox {
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

/// FNV-1a, 64 bits. Unlike `Hasher` it is the same in every process.
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
