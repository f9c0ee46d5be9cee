import JSON
import SystemSupport

/// The measurements. What is compared takes turns, so that what else the machine does falls on all alike.
struct Measuring {
  let program: String
  let empty: String
  var report = Report()
  static let text = "The build is done: 214 tests ran, two failed in the file that you changed last. Look at the log, please."

  private static let message: JSONObject = ["to": "cowork", "content": .string(text)]

  /// The servers of both agents, on the small and on the large store.
  private func pairs<Floor>(_ stores: Stores<Floor>) throws -> [[Server]] {
    var pairs: [[Server]] = []
    for place in [stores.small, stores.large] {
      pairs.append([
        try Server.ready(program, agent: "code", store: place), try Server.ready(program, agent: "cowork", store: place),
      ])
    }
    return pairs
  }

  // MARK: Calls

  mutating func calls<Floor>(_ stores: Stores<Floor>, raw: (Floor) throws -> Void) throws {
    let floor = try stores.floor()
    let servers = try pairs(stores)
    let calls: [(name: String, agent: Int, tool: String, arguments: JSONObject)] = [
      ("send_message", 0, "send_message", Self.message), ("read_messages", 1, "read_messages", [:]),
      ("get_tasks", 0, "get_tasks", ["status": "pending", "limit": 10]),
      ("wait_for_updates, nothing there", 0, "wait_for_updates", ["timeout_seconds": 0]), ("list_agents", 0, "list_agents", [:]),
    ]
    var rawTimes = Times()
    var times = calls.map { _ in [Times(), Times()] }
    for round in 0..<220 {
      // The first ones open, prepare and fill caches.
      if round == 20 { (rawTimes, times) = (Times(), calls.map { _ in [Times(), Times()] }) }
      try rawTimes.measure { try raw(floor) }
      for (size, pair) in servers.enumerated() {
        for (index, call) in calls.enumerated() { times[index][size].add(try pair[call.agent].call(call.tool, call.arguments)) }
      }
    }
    for (index, call) in calls.enumerated() {
      report.add("\(stores.name): \(call.name)", floor: index < 2 ? rawTimes : nil, small: times[index][0], large: times[index][1])
    }
    let queries: [(name: String, arguments: JSONObject)] = [
      ("a word of most messages", ["query": "the"]), ("the beginning of many words", ["query": "s"]),
      ("a word of one in a hundred", ["query": "migration"]), ("three words", ["query": "build error migration"]),
      ("a word of few messages", ["query": "zuonbalo"]), ("a word of none", ["query": "absent"]),
      ("one conversation", ["with": "tester"]), ("a word in one conversation", ["query": "please", "with": "planner"]),
      ("nothing but the newest", [:]),
    ]
    for (name, query) in queries { try search("\(stores.name): \(name)", servers[1][0], query) }
    let visitor = try Server.ready(program, agent: "visitor", store: stores.large)
    try search("\(stores.name): a word of most messages, by an agent with few", visitor, ["query": "the"])
    try search("\(stores.name): all of an agent with few", visitor, [:])
    for server in servers.joined() + [visitor] { server.end() }
  }

  private mutating func search(_ name: String, _ server: Server, _ query: JSONObject) throws {
    var times = Times()
    for _ in 0..<15 { times.add(try server.call("search_history", query)) }
    report.add("search_history, \(name)", floor: nil, small: nil, large: times)
  }

  // MARK: Wake-ups

  mutating func wakeUps<Floor>(_ stores: Stores<Floor>, raw: () throws -> Void) async throws {
    var rawTimes = Times()
    var times = [Times(), Times()]
    let servers = try pairs(stores)
    for round in 0..<160 {
      if round == 10 { (rawTimes, times) = (Times(), [Times(), Times()]) }
      try rawTimes.measure(raw)
      for (size, pair) in servers.enumerated() {
        try pair[1].begin("wait_for_updates", ["timeout_seconds": 20])
        // Until it waits.
        try await Task.sleep(for: .milliseconds(15))
        let start = try pair[0].begin("send_message", Self.message)
        times[size].add(try pair[1].answer() - start)
        _ = try pair[0].answer()
      }
    }
    report.add("\(stores.name): send to wake-up", floor: rawTimes, small: times[0], large: times[1])
    for server in servers.joined() { server.end() }
  }

  // MARK: Throughput

  mutating func throughput<Floor: Sendable>(
    _ stores: Stores<Floor>, raw: @escaping @Sendable (Floor) throws -> Void
  ) async throws {
    let (writers, messages) = (8, 60)
    let floors = try (0..<writers).map { _ in try stores.floor() }
    var rates = [Double]()
    let time = try await together(writers) { writer in
      try await onThread { for _ in 0..<messages { try raw(floors[writer]) } }
    }
    rates.append(Double(writers * messages) / (time / .seconds(1)))
    for place in [stores.small, stores.large] {
      var servers: [Server] = []
      for _ in 0..<writers { servers.append(try Server.ready(program, agent: "code", store: place)) }
      let time = try await together(writers) { [servers] writer in
        try await onThread { for _ in 0..<messages { try servers[writer].call("send_message", Self.message) } }
      }
      rates.append(Double(writers * messages) / (time / .seconds(1)))
      for server in servers { server.end() }
    }
    report.addRates("\(stores.name): eight writers, messages/s", floor: rates[0], small: rates[1], large: rates[2])
  }

  private func together(_ count: Int, _ body: @escaping @Sendable (Int) async throws -> Void) async throws -> Duration {
    try await ContinuousClock().measure {
      try await withThrowingTaskGroup(of: Void.self) { group in
        for index in 0..<count { group.addTask { try await body(index) } }
        try await group.waitForAll()
      }
    }
  }

  // MARK: Starts and memory

  mutating func starts(_ places: [(String, small: Place, large: Place)]) throws {
    var floor = Times()
    var times = places.map { _ in [Times(), Times()] }
    for _ in 0..<25 {
      try floor.measure { _ = try ChildProcess([empty], environment: [:]).wait() }
      for (index, place) in places.enumerated() {
        for (size, store) in [place.small, place.large].enumerated() {
          let start = ContinuousClock.now
          let server = try Server(program, agent: "code", store: store)
          times[index][size].add(ContinuousClock.now - start)
          server.end()
        }
      }
    }
    for (index, place) in places.enumerated() {
      report.add("\(place.0): start to initialize reply", floor: floor, small: times[index][0], large: times[index][1])
    }
  }

  mutating func memory(_ places: [(String, small: Place, large: Place)]) async throws {
    let child = try ChildProcess([empty, "stay"], environment: [:], input: .pipe)
    try await Task.sleep(for: .milliseconds(100))
    let floor = try megabytes(of: child.pid)
    try child.input?.close()
    _ = child.wait()
    for place in places {
      var sizes = [Double]()
      for store in [place.small, place.large] {
        let server = try Server.ready(program, agent: "code", store: store)
        for _ in 0..<50 {
          try server.call("send_message", ["to": "code", "content": .string(Self.text)])
          try server.call("read_messages")
        }
        try server.call("get_tasks")
        try server.call("search_history", ["query": "absent"])
        sizes.append(try server.residentMemory())
        server.end()
      }
      report.addSizes("\(place.0): resident memory, MB", floor: floor, small: sizes[0], large: sizes[1])
    }
  }
}
