/// Which tasks are wanted: those that are open, the oldest first, and then those that have ended, the newest first.
public struct TaskQuery: Hashable, Sendable {
  /// Nil for everybody's tasks, whatever the role.
  public var agent: Identity?
  public var role: TaskRole
  public var status: TaskStatus?
  /// Where the page begins; nil for the first one.
  public var cursor: TaskCursor?
  public var limit: Int
  /// The most characters that the tasks may take in a reply; the first is returned whatever its size.
  public var characters: Int
  /// The instance that reads: what it is shown counts as seen once the reply has left it. Nil to look only.
  public var instance: Instance?

  public init(
    agent: Identity?, role: TaskRole = .assignee, status: TaskStatus? = nil, cursor: TaskCursor? = nil, limit: Int = 50,
    characters: Int = ReplyBudget.characters, instance: Instance? = nil
  ) {
    self.cursor = cursor
    (self.agent, self.role, self.status, self.limit, self.characters, self.instance) = (agent, role, status, limit, characters, instance)
  }
}

extension TaskQuery {
  /// The parts of the list that the page may show, in their order, each with the row behind which it begins.
  public var parts: [TaskCursor] {
    TaskCursor.Part.allCases.compactMap { part in
      if let status, status.isEnded != (part == .ended) { return nil }
      guard let cursor else { return .start(of: part) }
      return cursor.part == part ? cursor : part == .ended ? .start(of: .ended) : nil
    }
  }
}

/// A place in a list of tasks: behind a row of one of its two parts. A task that ends meanwhile is shown among those that have ended.
public struct TaskCursor: Hashable, Sendable {
  public enum Part: String, Sendable, CaseIterable {
    /// In the order of their creation.
    case open
    /// In the reverse order.
    case ended
  }

  public var part: Part
  /// The store's number of the last row that was shown.
  public var row: Int64

  public init(part: Part, row: Int64) { (self.part, self.row) = (part, row) }

  /// Behind a task.
  public init(_ task: BridgeTask, row: Int64) {
    self.init(part: task.isEnded ? .ended : .open, row: row)
  }

  public static func start(of part: Part) -> TaskCursor { TaskCursor(part: part, row: part == .open ? .min : .max) }

  /// As programs carry it, who need not understand it.
  public var text: String { "\(part.rawValue)-\(String(row, radix: 36))" }

  /// - Throws: `invalidValue` where no list had this cursor.
  public init(_ text: String) throws(BridgeError) {
    let words = text.split(separator: "-", maxSplits: 1, omittingEmptySubsequences: false)
    guard words.count == 2, let part = Part(rawValue: String(words[0])), let row = Int64(words[1], radix: 36),
      case let cursor = TaskCursor(part: part, row: row), cursor.text == text
    else {
      throw BridgeError(
        .invalidValue,
        "cursor is not one that get_tasks returned: \"\(BridgeError.excerpt(text))\"; pass next of the page before, or leave it out for the "
          + "first page.")
    }
    self = cursor
  }
}

/// One task and everything that happened to it, oldest first.
public struct TaskReport: Hashable, Sendable {
  /// Names the lease; nil when there is nothing to confirm.
  public var lease: String?
  public var task: BridgeTask
  public var history: [TaskEvent]

  public init(lease: String? = nil, task: BridgeTask, history: [TaskEvent]) {
    (self.lease, self.task, self.history) = (lease, task, history)
  }
}
