extension Identity {
  private static let diagnosisPrefix = "doctor-"

  /// A name for a process that a diagnosis starts.
  public static func diagnosis() -> Identity {
    // The prefix and hexadecimal digits are a name.
    (try? Identity(diagnosisPrefix + UniqueID.make().prefix(8))) ?? .code
  }

  public var isOfDiagnosis: Bool { name.hasPrefix(Self.diagnosisPrefix) && name.count == Self.diagnosisPrefix.count + 8 }
}

extension BridgeError {
  /// Only what a diagnosis has made may be removed.
  public static func notOfDiagnosis(_ agents: [Identity]) -> BridgeError {
    BridgeError(.notAllowed, "Only the traces of a diagnosis can be removed, not those of \(agents.map(\.name).joined(separator: ", ")).")
  }
}

/// One thing that was looked at.
public struct Finding: Hashable, Sendable {
  public enum Verdict: String, Sendable, CaseIterable {
    case ok, warning, failure
  }

  public var verdict: Verdict
  /// What was looked at, in a word or two.
  public var subject: String
  /// What was found, in a sentence without secrets.
  public var found: String
  /// What to do.
  public var advice: String?

  public init(_ verdict: Verdict, _ subject: String, _ found: String, advice: String? = nil) {
    self.verdict = verdict
    self.subject = subject
    self.found = found
    self.advice = advice
  }
}

/// How a store is.
public struct Diagnosis: Hashable, Sendable {
  /// Whether there is something to work with.
  public enum State: Hashable, Sendable {
    /// Nothing is there yet: whoever opens it first makes it.
    case absent
    /// Whoever opens it first brings it up to date.
    case outdated
    case ready
    /// Ready, for one agent only: the database keeps the others' rows to themselves.
    case readyForOneAgent
    case unusable
  }

  public var state: State
  public var findings: [Finding]

  public init(_ state: State, _ findings: [Finding]) {
    self.state = state
    self.findings = findings
  }
}

/// What is in a store at a moment.
public struct Overview: Hashable, Sendable {
  /// Unread messages of one recipient.
  public struct Unread: Hashable, Sendable {
    public var agent: String
    public var count: Int
    /// How old the oldest is, in seconds; nil where no time is known.
    public var oldest: Double?

    public init(agent: String, count: Int, oldest: Double?) {
      self.agent = agent
      self.count = count
      self.oldest = oldest
    }
  }

  /// A task that has not ended, without its texts.
  public struct Task: Hashable, Sendable {
    public var task: BridgeTask
    /// In seconds since it was created; nil where no time is known.
    public var age: Double?

    public init(_ task: BridgeTask, age: Double?) {
      self.task = task
      self.age = age
    }
  }

  public var agents: [AgentSummary]
  /// Of everybody who has something unread, also of names that no agent has.
  public var unread: [Unread]
  /// Those that have not ended, in the order in which they were created; at most `taskLimit`.
  public var tasks: [Task]
  /// How many have not ended.
  public var openTasks: Int
  /// Deliveries that are not confirmed yet, and those of them whose time is over.
  public var leases: Int
  public var expiredLeases: Int

  public static let taskLimit = 1_000

  public init(agents: [AgentSummary], unread: [Unread], tasks: [Task], openTasks: Int, leases: Int, expiredLeases: Int) {
    self.agents = agents
    self.unread = unread
    self.tasks = tasks
    self.openTasks = openTasks
    self.leases = leases
    self.expiredLeases = expiredLeases
  }
}
