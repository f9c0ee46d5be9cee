import Bridge

/// A place for one running instance after the other, in a session of its agent.
enum Place: String, CaseIterable, CustomStringConvertible {
  /// Two instances of one client on this machine.
  case codeA1, codeA2
  /// An instance of a session that the user has named: no process stands for it.
  case codeB
  /// A command outside of any session.
  case codeCommand
  case coworkC, coworkD, coworkCommand
  /// An instance that is a session of its own.
  case amy

  var description: String { rawValue }

  var agent: Identity {
    switch self {
    case .codeA1, .codeA2, .codeB, .codeCommand: .code
    case .coworkC, .coworkD, .coworkCommand: .cowork
    case .amy: Agents.amy
    }
  }

  var isCommand: Bool { self == .codeCommand || self == .coworkCommand }
  /// Whether a process stands for its session.
  var hasClient: Bool { self != .codeB && self != .coworkD && !isCommand }
  /// The places of its session.
  var session: [Place] { self == .codeA1 || self == .codeA2 ? [.codeA1, .codeA2] : [self] }
}

enum Agents {
  static let amy = agent("amy")
  /// One that never connects.
  static let ben = agent("ben")
  static let all = [Identity.code, .cowork, amy, ben]

  private static func agent(_ name: String) -> Identity {
    guard let identity = try? Identity(name) else { fatalError("\(name) is no name") }
    return identity
  }
}

/// One thing that an instance, a person or the world does. Messages, tasks and leases go by numbers that the step gives, so that the others
/// can be carried out still where some are left out.
enum Step {
  case send(Int, by: Place, to: Identity, content: String, replyTo: Int?, about: Int?, key: String?, awaiting: Int?)
  case sendAgain(Int, by: Place)
  /// The first of the numbers that the messages get.
  case broadcast(Int, by: Place, content: String, key: String?)
  case take(lease: Int, by: Place, from: Identity?, tasks: Bool, limit: Int, all: Bool)
  case look(by: Place, from: Identity?, tasks: Bool, limit: Int, all: Bool)
  case takeReply(lease: Int, to: Int, by: Place, awaiting: Int, alsoRead: Bool)
  case unread(by: Place, all: Bool)
  case setAside(Identity)
  case deliverAgain(Int, to: Identity)
  case history(Identity, limit: Int)

  case confirm(Int)
  case undo(Int)
  case renew(Int)
  case recover(by: Place)

  case createTask(Int, by: Place, to: Identity, title: String, key: String?)
  case move(Int, by: Place, to: TaskStatus, result: String?, takingOver: Bool)
  /// Reads, under a lease where there is one.
  case list(lease: Int?, by: Place, as: TaskRole, status: TaskStatus?, limit: Int)
  case read(task: Int, lease: Int?, by: Place)

  case heartbeat(Place)
  case signOff(Place, endsSession: Bool)
  case addAgent(Identity)
  case removeAgent(Identity, force: Bool)
  case agents

  /// The instance's process dies, or that of its client with it.
  case kill(Place, client: Bool)
  /// The client starts the server again, or a new client does.
  case start(Place)
  /// Time passes, in units of `Model.unit`.
  case pass(Int)

  case typeMessage(Int, from: Identity, to: Identity, form: Int)
  case typeRead(Int, Bool)
  case typeMessageDeletion(Int)
  case typeTask(Int, from: Identity, to: Identity, form: Int)
  case typeStatus(Int, String)
  case typeAssignee(Int, Identity)
  case typeTaskDeletion(Int)

  /// Removes what is older than so many units.
  case prune(Int)
  /// Copies the store into an empty one, which is used from then on.
  case copy

  /// Its name, for counts.
  var verb: String { String("\(self)".prefix { $0 != "(" }) }
}

/// What a step came to, and what people see afterwards, as lines.
struct Outcome: Equatable {
  var reply: [String] = []
  var rows: [String] = []

  /// Equal but for counts, which a reply that is no look may estimate: `unread LOW...HIGH ...` allows for a range.
  func allows(_ other: Outcome) -> Bool {
    rows == other.rows && reply.count == other.reply.count && zip(reply, other.reply).allSatisfy { Self.allows($0, $1) }
  }

  private static func allows(_ expected: String, _ found: String) -> Bool {
    if expected == found { return true }
    let (wanted, numbers) = (expected.split(separator: " "), found.split(separator: " "))
    guard expected.hasPrefix("unread "), wanted.count == numbers.count else { return false }
    return zip(wanted, numbers).allSatisfy { wanted, number in
      let ends = wanted.split(separator: "…").compactMap { Int($0) }
      guard ends.count == 2, let number = Int(number) else { return wanted == number }
      return ends[0] <= number && number <= ends[1]
    }
  }
}
