extension Identity {
  private static let diagnosisPrefix = "doctor-"

  /// A throwaway name for a process that a diagnosis starts.
  public static func diagnosis() -> Identity {
    // The prefix and hexadecimal digits are a valid name.
    (try? Identity(diagnosisPrefix + UniqueID.make().prefix(8))) ?? .code
  }

  public var isOfDiagnosis: Bool { name.hasPrefix(Self.diagnosisPrefix) && name.count == Self.diagnosisPrefix.count + 8 }
}

extension BridgeError {
  public static func notOfDiagnosis(_ agents: [Identity]) -> BridgeError {
    BridgeError(.notAllowed, "Only the traces of a diagnosis can be removed, not those of \(agents.map(\.name).joined(separator: ", ")).")
  }
}

public struct Finding: Hashable, Sendable {
  public enum Verdict: String, Sendable, CaseIterable {
    case ok, warning, failure
  }

  public var verdict: Verdict
  /// What was checked, in a word or two.
  public var subject: String
  /// What was found, in a sentence without secrets.
  public var found: String
  public var advice: String?

  public init(_ verdict: Verdict, _ subject: String, _ found: String, advice: String? = nil) {
    (self.verdict, self.subject, self.found, self.advice) = (verdict, subject, found, advice)
  }
}

extension Finding {
  /// A schema that is newer or older than the one that this program knows; nil if it is the same.
  ///
  /// - Parameter store: the subject of the sentence.
  public static func schema(of store: String, version: Int, newest: Int) -> Finding? {
    if version > newest {
      return Finding(
        .failure, "schema", "\(store) has version \(version), and this program knows versions up to \(newest).",
        advice: "Install the newer cowork-code-mcp-server that made it.")
    }
    if version == newest { return nil }
    return Finding(
      .warning, "schema", "\(store) has version \(version) of \(newest): the first server of this version brings it up to date.",
      advice: "Update the program on all machines: older versions then refuse this store.")
  }
}

public struct Diagnosis: Hashable, Sendable {
  /// Whether the store can be used.
  public enum State: Hashable, Sendable {
    /// It does not exist yet; opening creates it.
    case absent
    /// Opening migrates it.
    case outdated
    /// Opening makes or migrates it, but no other can be made beside it.
    case unfinished
    case ready
    /// Ready for calls of verbs: the login has no right on the tables.
    case readyForCalls
    case unusable
  }

  public var state: State
  public var findings: [Finding]

  /// - Parameter state: without any failure; a store with one is unusable.
  public init(_ state: State, _ findings: [Finding]) {
    self.state = findings.contains { $0.verdict == .failure } ? .unusable : state
    self.findings = findings
  }
}

/// The contents of a store at one moment.
public struct Overview: Hashable, Sendable {
  /// Unread messages of one recipient.
  public struct Unread: Hashable, Sendable {
    public var agent: String
    public var count: Int
    /// The age of the oldest in seconds, 0 for a time to come; nil if unknown.
    public var oldest: Double?

    public init(agent: String, count: Int, oldest: Double?) {
      (self.agent, self.count, self.oldest) = (agent, count, oldest.map { max(0, $0) })
    }
  }

  /// A task that has not ended, without its texts.
  public struct Task: Hashable, Sendable {
    public var task: BridgeTask
    /// Its age in seconds, 0 for a time to come; nil if unknown.
    public var age: Double?

    public init(_ task: BridgeTask, age: Double?) {
      self.task = task
      self.age = age.map { max(0, $0) }
    }
  }

  /// At most `agentLimit`.
  public var agents: [AgentSummary]
  /// For each recipient with unread messages, including names of no agent.
  public var unread: [Unread]
  /// Open tasks in order of creation; at most `taskLimit`.
  public var tasks: [Task]
  public var openTasks: Int
  /// Leases, and the expired ones among them.
  public var leases: Int
  public var expiredLeases: Int

  /// Those that run.
  public var sessions: [SessionSummary]
  /// Messages that are set aside, for each recipient.
  public var setAside: [Unread]

  public static let taskLimit = 1_000
  public static let agentLimit = 1_000

  public init(
    agents: [AgentSummary], unread: [Unread], tasks: [Task], openTasks: Int, leases: Int, expiredLeases: Int,
    sessions: [SessionSummary], setAside: [Unread]
  ) {
    (self.agents, self.unread, self.tasks) = (agents, unread, tasks)
    // All unread messages are counted here.
    let counts = Dictionary(unread.map { ($0.agent, $0.count) }) { first, _ in first }
    for index in agents.indices { self.agents[index].unreadMessages = counts[agents[index].name] ?? 0 }
    (self.openTasks, self.leases, self.expiredLeases) = (openTasks, leases, expiredLeases)
    (self.sessions, self.setAside) = (sessions, setAside)
  }
}

extension Overview {
  /// Stale tasks first, then claimed ones, then the others; oldest first.
  public var tasksByUrgency: [Task] {
    func urgency(_ task: BridgeTask) -> Int { task.stale ? 0 : task.status == TaskStatus.inProgress.rawValue ? 1 : 2 }
    return tasks.enumerated().sorted { (urgency($0.element.task), $0.offset) < (urgency($1.element.task), $1.offset) }.map(\.element)
  }

  public var staleTasks: Int { tasks.count { $0.task.stale } }
  public var unreadCount: Int { unread.reduce(0) { $0 + $1.count } }
  public var oldestUnread: Double? { unread.compactMap(\.oldest).max() }

  public var mail: [String: Unread] { Dictionary(unread.map { ($0.agent, $0) }) { first, _ in first } }

  /// Recipients that are not known as agents.
  public var strangers: [Unread] {
    let known = Set(agents.map(\.name))
    return unread.filter { !known.contains($0.agent) }
  }
}
