import Bridge

/// What every store promises, as values: no SQL, no processes, and a clock that only the test moves. Times are in units.
///
/// Written from docs/architecture.md, and not from the stores. It need not be fast.
struct Model {
  /// Every documented time is far from a multiple of it, so that what a sequence takes does not matter.
  static let unit = Duration.seconds(38)
  /// The documented times, except for two: a lease outlives one unit, and the precedence two.
  static let timing = StoreTiming(lease: .seconds(57), precedence: .seconds(95))
  private static let memory = Duration.seconds(3600)

  /// Whose leases and sessions that are over an agent's call ends, for each store that copies go through. The promise is only that it does
  /// not see them.
  let stores: [Reach]
  var store = 0

  enum Reach {
    case everybody, itself
  }

  func reaches(_ agent: String, from caller: String) -> Bool { stores[store] == .everybody || agent == caller }

  /// The instance and the session that did something, by number. A command has no session.
  struct Author: Hashable {
    var instance: Int
    var session: Int?
  }

  struct Message {
    var number: Int
    var sender: String
    var recipient: String
    var content: String?
    /// Nil for a person.
    var author: Author?
    var replyTo: Int?
    var task: Int?
    var key: String?
    var isRead = false
    var createdAt: Int?
    var readAt: Int?
    var isRedelivered = false
    var expiries = 0
    var kept: (mark: Author, since: Int)?
  }

  struct Holder {
    var author: Author
    /// The session whose end frees the task; else that of the instance does.
    var client: Int?
    var isCommand: Bool
    /// Nil if it signed off.
    var since: Int?
  }

  struct Task {
    var number: Int
    var sender: String
    var recipient: String
    var title: String
    var status: String?
    var result: String?
    var author: Author?
    var key: String?
    var createdAt: Int
    var updatedAt: Int?
    var claim: Holder?
    /// The last holder's.
    var holderSession: Int?
    var news: Set<TaskRole> = []
    var newsAt: Int

    var isEnded: Bool { status == "completed" || status == "failed" }
    /// Only a task in progress has a holder.
    var holder: Holder? { status == "in_progress" ? claim : nil }
    func agent(_ role: TaskRole) -> String { role == .assignee ? recipient : sender }
  }

  struct Event {
    var task: Int
    var from: String?
    var to: String?
    var actor: String?
  }

  struct Lease {
    enum Item: Hashable {
      case message(Int)
      case reply(to: Int)
      case news(Int, TaskRole)
    }

    var agent: String
    var instance: Int
    var since: Int
    var items: [Item]
  }

  struct Seen {
    var agent: String
    var at: Int
    var hasEnded = false
    var hasClient: Bool
  }

  var now = 0
  /// In the order in which they came.
  var messages: [Message] = []
  var tasks: [Task] = []
  var events: [Event] = []
  var leases: [Int: Lease] = [:]
  /// Leases that there were.
  var leased: Set<Int> = []
  var agents: [String: (added: Int, seen: Int?)] = [:]
  /// By heartbeats.
  var sessions: [Int: Seen] = [:]
  var instances: [Int: Seen] = [:]

  /// The instance in each place.
  private(set) var present: [Place: Author] = [:]
  private(set) var deadInstances: Set<Int> = []
  private(set) var deadSessions: Set<Int> = []
  private var lastNumber = 0

  init(_ stores: [Reach]) {
    self.stores = stores
    for place in Place.allCases { start(place) }
  }

  // MARK: Time, life and death

  func lasts(_ since: Int, _ duration: Duration) -> Bool { Model.unit * (now - since) < duration }

  func author(_ place: Place) -> Author {
    guard let author = present[place] else { fatalError("nobody is at \(place)") }
    return author
  }

  func isDead(_ place: Place) -> Bool { deadInstances.contains(author(place).instance) }

  private mutating func nextNumber() -> Int {
    lastNumber += 1
    return lastNumber
  }

  mutating func start(_ place: Place) {
    let instance = nextNumber()
    if place.isCommand {
      present[place] = Author(instance: instance, session: nil)
      return
    }
    let old = place.session.compactMap { present[$0]?.session }.first { !deadSessions.contains($0) }
    let isOwn = place == .amy
    present[place] = Author(instance: instance, session: isOwn ? nextNumber() : old ?? nextNumber())
  }

  mutating func kill(_ place: Place, client: Bool) {
    deadInstances.insert(author(place).instance)
    guard place.hasClient, client || place == .amy, let session = author(place).session else { return }
    deadSessions.insert(session)
    deadInstances.formUnion(place.session.map { author($0) }.filter { $0.session == session }.map(\.instance))
  }

  /// Whether a session lives: whether its client runs, where that can be seen, else whether there are heartbeats.
  ///
  /// - Parameter seesProcesses: false to judge by heartbeats alone.
  func isAlive(session: Int?, of agent: String, seesProcesses: Bool = true) -> Bool {
    guard let session, let seen = sessions[session], seen.agent == agent, !seen.hasEnded else { return false }
    return seen.hasClient && seesProcesses ? !deadSessions.contains(session) : lasts(seen.at, Model.timing.presence)
  }

  mutating func heartbeat(_ place: Place) {
    let (author, agent) = (author(place), place.agent.name)
    touch(agent)
    instances[author.instance] = Seen(agent: agent, at: now, hasClient: place.hasClient)
    guard let session = author.session else { return }
    sessions[session] = Seen(agent: agent, at: now, hasClient: place.hasClient)
    sessions = sessions.filter { lasts($1.at, Self.memory) || !reaches($1.agent, from: agent) }
    for index in tasks.indices where tasks[index].isClaimed(by: author) && tasks[index].recipient == agent {
      tasks[index].claim?.since = now
    }
  }

  mutating func signOff(_ place: Place, endsSession: Bool) {
    let author = author(place)
    touch(place.agent.name)
    instances[author.instance] = nil
    guard endsSession, let session = author.session else { return }
    sessions[session]?.hasEnded = true
    for index in tasks.indices where tasks[index].isClaimed(by: author) && tasks[index].recipient == place.agent.name {
      tasks[index].claim?.since = nil
    }
  }

  private mutating func touch(_ agent: String) { agents[agent] = (agents[agent]?.added ?? now, now) }

  func knows(_ agent: Identity) -> Bool { agent.isWellKnown || agents[agent.name] != nil }

  func isOnline(_ agent: String) -> Bool {
    instances.contains { $1.agent == agent && lasts($1.at, Model.timing.presence) && !deadInstances.contains($0) }
  }

  // MARK: Leases

  mutating func lease(_ number: Int, _ items: [Lease.Item], to place: Place) {
    leases[number] = Lease(agent: place.agent.name, instance: author(place).instance, since: now, items: items)
    leased.insert(number)
    for item in items {
      switch item {
      case .message(let number): change(message: number) { $0.isRead = true }
      case .news(let number, let role): change(task: number) { $0.news.remove(role) }
      case .reply: break
      }
    }
  }

  /// What was taken is unread again.
  mutating func end(_ number: Int, isRedelivered: Bool) {
    guard let lease = leases.removeValue(forKey: number) else { return }
    for item in lease.items {
      switch item {
      case .message(let number):
        change(message: number) { message in
          message.isRead = false
          guard isRedelivered else { return }
          message.isRedelivered = true
          message.expiries += 1
          message.readAt = nil
        }
      case .news(let number, let role): change(task: number) { $0.news.insert(role) }
      case .reply: break
      }
    }
  }

  mutating func confirm(_ number: Int) {
    guard let lease = leases.removeValue(forKey: number) else { return }
    for case .message(let number) in lease.items {
      change(message: number) { [now] message in
        (message.readAt, message.kept, message.expiries) = (now, nil, 0)
      }
    }
  }

  /// Ends what has expired, and what a process took that is known to be dead.
  ///
  /// - Parameter agent: who looks; nil for all.
  mutating func recover(for agent: String?) -> Int {
    let over = leases.filter { _, lease in
      (agent.map { reaches(lease.agent, from: $0) } ?? true)
        && (!lasts(lease.since, Model.timing.lease) || deadInstances.contains(lease.instance))
    }
    for number in over.keys.sorted() { end(number, isRedelivered: true) }
    return over.count
  }

  mutating func change(message number: Int, _ body: (inout Message) -> Void) {
    if let index = messages.firstIndex(where: { $0.number == number }) { body(&messages[index]) }
  }

  mutating func change(task number: Int, _ body: (inout Task) -> Void) {
    if let index = tasks.firstIndex(where: { $0.number == number }) { body(&tasks[index]) }
  }

  func message(_ number: Int?) -> Message? { messages.first { $0.number == number } }
  func task(_ number: Int?) -> Task? { tasks.first { $0.number == number } }
}

extension Model.Task {
  func isClaimed(by author: Model.Author) -> Bool {
    guard let claim else { return false }
    return claim.author.instance == author.instance || claim.author.session != nil && claim.author.session == author.session
  }
}
