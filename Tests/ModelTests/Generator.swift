import Bridge
import ProcessTesting

/// Makes sequences of steps. It looks at the model, so that most steps do something.
struct Generator {
  private var random: SeededGenerator
  private var model: Model
  private var last = 0
  /// Whether it is a sequence in which hardly anything is confirmed, so that messages are set aside.
  private var isForgetful: Bool

  static func sequence(seed: UInt64, length: Int, _ model: Model) -> [Step] {
    var generator = Generator(random: SeededGenerator(seed: seed), model: model)
    return (0..<length).map { _ in generator.next() }
  }

  private init(random: SeededGenerator, model: Model) {
    (self.random, self.model, isForgetful) = (random, model, false)
    isForgetful = chance(20)
  }

  private mutating func next() -> Step {
    while true {
      let step = propose()
      guard model.isPossible(step) else { continue }
      _ = model.carryOut(step)
      return step
    }
  }

  // MARK: Choices

  private mutating func chance(_ percent: Int) -> Bool { Int.random(in: 0..<100, using: &random) < percent }
  private mutating func pick<Value>(_ values: [Value]) -> Value? { values.randomElement(using: &random) }
  private mutating func place() -> Place { Place.allCases.randomElement(using: &random) ?? .codeA1 }
  private mutating func agent() -> Identity {
    chance(85) ? pick([Identity.code, .code, .cowork, Agents.amy]) ?? .code : Agents.ben
  }
  private mutating func key() -> String? { chance(15) ? pick(["k1", "k2"]) : nil }
  private mutating func limit() -> Int { pick([1, 2, 50, 50]) ?? 50 }
  private mutating func number() -> Int {
    last += 1
    return last
  }
  private mutating func message() -> Int { pick(model.messages.map(\.number)) ?? 0 }
  /// One of the last, or any.
  private mutating func task() -> Int { pick(chance(60) ? model.tasks.suffix(3).map(\.number) : model.tasks.map(\.number)) ?? 0 }
  private mutating func lease() -> Int { pick(chance(90) ? model.leases.keys.sorted() : model.leased.sorted()) ?? 0 }
  private mutating func text() -> String { pick(["x", "y"]) ?? "x" }

  private mutating func propose() -> Step {
    if isForgetful, chance(60) { return chance(60) ? take() : .pass(2) }
    return switch Int.random(in: 0..<100, using: &random) {
    case 0..<16: send()
    case 16: .sendAgain(message(), by: place())
    case 17: broadcast()
    case 18..<34: take()
    case 34..<37: .look(by: place(), from: chance(20) ? agent() : nil, tasks: chance(50), limit: limit(), all: chance(20))
    case 37..<40: takeReply()
    case 40..<44: .unread(by: place(), all: chance(20))
    case 44: chance(50) ? .setAside(agent()) : .deliverAgain(message(), to: agent())
    case 45: .history(agent(), limit: limit())
    case 46..<53: .confirm(lease())
    case 53..<55: .undo(lease())
    case 55: .renew(lease())
    case 56..<58: .recover(by: place())
    case 58..<62: .createTask(number(), by: place(), to: agent(), title: text(), key: key())
    case 62..<73: move()
    case 73..<75:
      .list(lease: chance(50) ? number() : nil, by: place(), as: chance(50) ? .assignee : .creator, status: status(), limit: limit())
    case 75..<77: .read(task: task(), lease: chance(50) ? number() : nil, by: place())
    case 77..<83: .heartbeat(place())
    case 83: chance(30) ? agents() : .signOff(place(), endsSession: chance(50))
    case 84: chance(50) ? .agents : .start(place())
    case 85..<87: .kill(busyPlace(), client: chance(60))
    case 87..<93: .pass(pick([1, 1, 2, 2, 3, 5, 14, 16, 96]) ?? 1)
    case 93..<99: byHand()
    default: chance(50) ? .copy : .prune(pick([1, 2, 4]) ?? 1)
    }
  }

  /// Mostly one that holds a task or a lease.
  private mutating func busyPlace() -> Place {
    let busy = Place.allCases.filter { place in
      model.tasks.contains { $0.isClaimed(by: model.author(place)) }
        || model.leases.values.contains { $0.instance == model.author(place).instance }
    }
    return chance(70) ? pick(busy) ?? place() : place()
  }

  private mutating func send() -> Step {
    let place = place()
    let received = model.messages.filter { $0.recipient == place.agent.name }
    var (recipient, asked) = (agent(), Int?.none)
    if chance(45), let question = pick(received) {
      asked = question.number
      if chance(90) { recipient = Agents.all.first { $0.name == question.sender } ?? recipient }
    } else if chance(5) {
      asked = message()
    }
    let number = number()
    return .send(
      number, by: place, to: recipient, content: text(), replyTo: asked, about: chance(8) ? task() : nil, key: key(),
      awaiting: chance(12) ? self.number() : nil)
  }

  private mutating func broadcast() -> Step {
    let first = last + 1
    last += Agents.all.count
    return .broadcast(first, by: place(), content: text(), key: key())
  }

  private mutating func take() -> Step {
    .take(
      lease: number(), by: isForgetful && chance(80) ? .codeA1 : place(), from: chance(10) ? agent() : nil, tasks: chance(50),
      limit: limit(), all: chance(10))
  }

  /// By a call that waits, mostly for a reply that is there.
  private mutating func takeReply() -> Step {
    let waiting = model.leases.filter { $1.items.contains { if case .reply = $0 { true } else { false } } }.keys.sorted()
    guard let awaiting = pick(waiting), case .reply(let asked)? = model.leases[awaiting]?.items.first else { return take() }
    let places = Place.allCases.filter { $0.agent.name == model.leases[awaiting]?.agent }
    return .takeReply(lease: number(), to: asked, by: pick(places) ?? .codeA1, awaiting: awaiting, alsoRead: chance(30))
  }

  private mutating func status() -> TaskStatus? { chance(40) ? pick(TaskStatus.allCases) : nil }

  private mutating func move() -> Step {
    let number = task()
    let mine = Place.allCases.filter { $0.agent.name == model.task(number)?.recipient }
    let result = chance(40) ? text() : nil
    return .move(
      number, by: chance(75) ? pick(mine) ?? place() : place(),
      to: pick([.inProgress, .inProgress, .inProgress, .completed, .failed, .pending]) ?? .failed,
      result: result, takingOver: chance(10))
  }

  private mutating func agents() -> Step { chance(60) ? .addAgent(agent()) : .removeAgent(agent(), force: chance(50)) }

  private mutating func byHand() -> Step {
    switch Int.random(in: 0..<10, using: &random) {
    case 0..<4: .typeMessage(number(), from: agent(), to: agent(), form: Int.random(in: 0..<3, using: &random))
    case 4: .typeRead(message(), chance(50))
    case 5: chance(50) ? .typeMessageDeletion(message()) : .typeTaskDeletion(task())
    case 6: .typeTask(number(), from: agent(), to: agent(), form: Int.random(in: 0..<3, using: &random))
    case 7..<9: .typeStatus(task(), pick(["pending", "in_progress", "completed", "failed", "on_hold"]) ?? "failed")
    default: .typeAssignee(task(), agent())
    }
  }
}
