import Foundation
import SystemSupport

/// The shapes that a store should never have, each measured beside a small store.
final class WorstShapes {
  private let program: String
  private let folder: String
  private let postgresURL: String
  private let wanted: [String]
  private var stores = 0
  private(set) var report = WorstReport()
  private static let rounds = 50

  /// - Parameter wanted: parts of the names of shapes; none for all.
  init(_ preparation: Preparation, wanted: [String]) {
    (program, folder, postgresURL) = (preparation.program, preparation.folder, preparation.postgresURL)
    self.wanted = wanted
  }

  func measure() throws {
    for store in ["SQLite", "Postgres"] {
      try beside(store, "300,000 unread messages", { [$0.messages(300_000)] }, Self.withPages { $0.messages(79) })
      try beside(
        store, "200 unread messages of 256 KiB", { [$0.messages(200, content: $0.longest)] },
        Self.withPages { $0.messages(1, content: $0.longest) },
        // Postgres takes 25 ms for the index of words of each, whenever it is written or read.
        rounds: store == "SQLite" ? Self.rounds : 10)
      try beside(store, "100,000 ended tasks of others", { $0.endedTasks(100_000) }, TimedCall.usual)
      try events(store)
      try beside(
        store, "1,500 agents with 5 sessions each", { $0.agents(1_500, sessions: 5) }, TimedCall.usual,
        // As many as a list shows.
        small: { $0.agents(50 - Contents.agents.count, sessions: 1) })
      try prune(store)
      try copy(store)
      try waitingCalls(store)
    }
    try login()
    try waitingServers()
  }

  // MARK: Stores

  private func place(_ store: String) throws -> Place {
    stores += 1
    let name = "worst_\(stores)"
    if store == "SQLite" { return Place(url: "\(folder)/\(name).db", home: folder) }
    try PostgresServer(postgresURL).run("CREATE DATABASE \(name)")
    return Place(url: "\(postgresURL[..<(postgresURL.lastIndex(of: "/") ?? postgresURL.endIndex)])/\(name)", home: folder)
  }

  private func workers(_ store: String, isSmall: Bool) throws -> (Workers, Place) {
    let place = try place(store)
    for agent in Contents.agents { try Server.ready(program, agent: agent, store: place).end() }
    return (try Workers(program, place, isSmall: isSmall), place)
  }

  private func shows(_ shape: String, _ store: String) throws -> Bool {
    guard wanted.isEmpty || wanted.contains(where: { "\(store) \(shape)".contains($0) }) else { return false }
    try show("\n\(store): \(shape) ...")
    return true
  }

  // MARK: Measuring

  private typealias Timed = [String: Times]

  private func measure(_ calls: [TimedCall], _ workers: Workers, into times: inout Timed) throws {
    for call in calls {
      try call.prepare(workers)
      times[call.name, default: Times()].add(try call.run(workers))
    }
  }

  private func add(
    _ store: String, _ shape: String, _ calls: [TimedCall], _ small: Timed, _ worst: Timed, limit: Double = 2, allowance: Double = 0
  ) throws {
    var part = WorstReport()
    for call in calls {
      guard let small = small[call.name], let worst = worst[call.name] else { continue }
      part.lines.append(
        .init(shape: shape, store: store, call: call.name, small: small, worst: worst, limit: limit, allowance: allowance))
    }
    report.lines += part.lines
    try show(part.text)
  }

  /// Both stores take turns.
  private func alternate(
    _ store: String, _ shape: String, _ calls: [TimedCall], _ small: Workers, _ worst: Workers, _ rounds: Int = rounds
  ) throws {
    var times: (small: Timed, worst: Timed) = ([:], [:])
    for round in -5..<rounds {
      if round == 0 { times = ([:], [:]) }
      try measure(calls, small, into: &times.small)
      try measure(calls, worst, into: &times.worst)
    }
    try add(store, shape, calls, times.small, times.worst)
  }

  private func beside(
    _ store: String, _ shape: String, _ filling: (Hand) -> [String], _ calls: [TimedCall],
    small smallFilling: (Hand) -> [String] = { _ in [] }, rounds: Int = rounds
  ) throws {
    guard try shows(shape, store) else { return }
    let ((small, _), (worst, _)) = (try workers(store, isSmall: true), try workers(store, isSmall: false))
    try worst.hand.fill(filling(worst.hand))
    for statement in smallFilling(small.hand) { try small.hand.run(statement) }
    try alternate(store, shape, calls, small, worst, rounds)
    for workers in [small, worst] { workers.end() }
  }

  // MARK: Shapes

  /// A page of updates has as many messages on the small store.
  private static func withPages(_ page: @escaping @Sendable (Hand) -> String) -> [TimedCall] {
    @Sendable func fill(_ workers: Workers) throws { if workers.isSmall { try workers.hand.run(page(workers.hand)) } }
    let read = TimedCall(name: TimedCall.read.name, prepare: fill, run: TimedCall.read.run)
    return TimedCall.sending + [read] + TimedCall.looking
      + [.of("wait_for_updates, a page", prepare: fill, "wait_for_updates", ["timeout_seconds": 0]), TimedCall.wait]
  }

  private func events(_ store: String) throws {
    let shape = "a task with 200,000 events"
    guard try shows(shape, store) else { return }
    let ((small, _), (worst, _)) = (try workers(store, isSmall: true), try workers(store, isSmall: false))
    // As many as a reply shows.
    try small.hand.run(small.hand.events(400, of: small.task))
    try worst.hand.fill([worst.hand.events(200_000, of: worst.task)])
    let look = TimedCall(name: "get_tasks, that task") { try $0.cowork.call("get_tasks", ["task_id": .string($0.task)]) }
    try alternate(store, shape, TimedCall.usual + [look], small, worst)
    for workers in [small, worst] { workers.end() }
  }

  /// A row that a person types.
  private static let typing = TimedCall(name: "a row typed by hand") { workers in
    try ContinuousClock().measure { try workers.hand.run(workers.hand.messages(1, from: "'planner'", to: "'reviewer'", age: 0)) }
  }

  /// The small store is measured before, while the machine has nothing else to do.
  private func during(_ store: String, _ shape: String, _ small: Workers, _ worst: Workers, _ command: [String]) throws {
    var times: (small: Timed, worst: Timed) = ([:], [:])
    let calls = TimedCall.usual + [Self.typing]
    for round in -5..<Self.rounds {
      if round == 0 { times.small = [:] }
      try measure(calls, small, into: &times.small)
      if round < 0 { try measure(calls, worst, into: &times.worst) } else { Self.pause() }
    }
    times.worst = [:]
    let child = try ChildProcess([program] + command, environment: ["HOME": folder], output: .null)
    for _ in 0..<Self.rounds {
      try measure(calls, worst, into: &times.worst)
      Self.pause()
    }
    child.kill()
    guard case .signalled = child.wait() else { throw Failure("\(command[0]) was over before the measurement.") }
    try add(store, shape, calls, times.small, times.worst)
  }

  /// So that the command gets on. What comes after a pause takes longer.
  private static func pause() { usleep(50_000) }

  private func prune(_ store: String) throws {
    let shape = "while 600,000 messages are pruned"
    guard try shows(shape, store) else { return }
    let ((small, _), (worst, place)) = (try workers(store, isSmall: true), try workers(store, isSmall: false))
    try worst.hand.fill([worst.hand.messages(600_000, isRead: true, age: 200_000)])
    try during(store, shape, small, worst, ["prune", "--older-than", "1d", "--database-url", place.url])
    for workers in [small, worst] { workers.end() }
  }

  private func copy(_ store: String) throws {
    let shape = "while 150,000 messages are copied into it"
    guard try shows(shape, store) else { return }
    let ((small, _), (worst, place)) = (try workers(store, isSmall: true), try workers(store, isSmall: false))
    let (source, from) = try workers(store, isSmall: false)
    source.end()
    try source.hand.fill([source.hand.messages(150_000, isRead: true)])
    try during(store, shape, small, worst, ["copy", "--from", from.url, "--to", place.url])
    for workers in [small, worst] { workers.end() }
  }

  private func waitingCalls(_ store: String) throws {
    let shape = "64 waiting calls on one connection"
    guard try shows(shape, store) else { return }
    let ((small, _), (worst, _)) = (try workers(store, isSmall: true), try workers(store, isSmall: false))
    for (workers, count) in [(small, 1), (worst, 64)] {
      for _ in 0..<count { try workers.cowork.begin("wait_for_updates", ["timeout_seconds": 55]) }
    }
    // What it is sent wakes it, and what it reads would be taken by a call that waits.
    let calls = [TimedCall.sending[0]] + TimedCall.looking + [TimedCall.wait, TimedCall.wakeUp]
    try alternate(store, shape, calls, small, worst)
    for workers in [small, worst] { workers.end() }
  }

  private func login() throws {
    let shape = "a login of its own, beside the owner's"
    guard try shows(shape, "Postgres") else { return }
    let (owner, place) = try workers("Postgres", isSmall: true)
    try owner.hand.fill([
      owner.hand.messages(
        300_000, from: "CASE i % 2 WHEN 0 THEN 'code' ELSE 'cowork' END", to: "CASE i % 2 WHEN 0 THEN 'cowork' ELSE 'code' END",
        content: "'\(Hand.text) ' || CASE i % 50000 WHEN 7 THEN 'zebra' ELSE '' END", isRead: true),
      "CREATE ROLE cowork_alone LOGIN", "SELECT add_login('cowork_alone', 'cowork')",
    ])
    let url = "postgres://cowork_alone@\(place.url.drop { $0 != "@" }.dropFirst())"
    let own = try Workers(program, place, isSmall: false, login: Place(url: url, home: folder))
    let searches = [("a rare word", "zebra"), ("no such word", "absent"), ("two words", "zebra changed")].map {
      TimedCall.of("search_history, \($0)", "search_history", ["query": .string($1)])
    }
    try alternate("Postgres", shape, TimedCall.usual + searches, owner, own)
    for workers in [owner, own] { workers.end() }
  }

  private func waitingServers() throws {
    let shape = "500 other servers that wait"
    guard try shows(shape, "Postgres") else { return }
    let ((small, smallPlace), (worst, place)) = (try workers("Postgres", isSmall: true), try workers("Postgres", isSmall: false))
    var times: (small: Timed, worst: Timed) = ([:], [:])
    let calls = TimedCall.usual.filter { $0.name != "read_messages" && $0.name != "send_message to it" } + [TimedCall.wakeUp]
    func measure(_ workers: Workers, at place: Place, into times: inout Timed) throws {
      let (sender, listener) = (try PostgresFloor(place.url), try PostgresServer(place.url))
      try listener.run("LISTEN raw")
      let raw = TimedCall(name: "raw insert and NOTIFY, to wake-up") { _ in
        usleep(15_000)
      } run: { _ in
        try ContinuousClock().measure {
          try sender.sendAndNotify(Measuring.text)
          try listener.awaitNotification()
        }
      }
      let rawSend = TimedCall(name: "raw insert and NOTIFY") { _ in
        usleep(15_000)
      } run: { _ in
        defer { try? listener.awaitNotification() }
        return try ContinuousClock().measure { try sender.sendAndNotify(Measuring.text) }
      }
      try workers.cowork.begin("wait_for_updates", ["timeout_seconds": 55])
      for round in -5..<Self.rounds {
        if round == 0 { times = [:] }
        try self.measure(calls + [raw, rawSend], workers, into: &times)
      }
    }
    try measure(small, at: smallPlace, into: &times.small)
    let others = try (1...500).map { try Server.ready(program, agent: "waiter-\($0)", store: place) }
    for other in others { try other.begin("wait_for_updates", ["timeout_seconds": 55]) }
    try measure(worst, at: place, into: &times.worst)
    let raw = ["raw insert and NOTIFY", "raw insert and NOTIFY, to wake-up"].map { TimedCall(name: $0) { _ in .zero } }
    try add("Postgres", shape, raw, times.small, times.worst, limit: .infinity)
    // A commit with a notification wakes a process of Postgres for each server. A call waits for its own, and for that of the call before.
    let fanOut = raw.compactMap { times.worst[$0.name].map(\.p50) }.max() ?? 0
    try add("Postgres", shape, calls, times.small, times.worst, allowance: 2 * fanOut)
    for other in others { other.end() }
    for workers in [small, worst] { workers.end() }
  }
}
