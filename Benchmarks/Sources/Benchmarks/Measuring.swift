import Dispatch

#if canImport(Glibc)
  import Glibc
#else
  import Darwin
#endif

/// The measurements. What is compared takes turns, so that what else the machine does falls on all alike.
struct Measuring {
  let program: String
  let empty: String
  var report = Report()
  static let text = "The build is done: 214 tests ran, two failed in the file that you changed last. Look at the log, please."

  // MARK: Calls

  mutating func calls<Floor>(_ stores: Stores<Floor>, raw: (Floor) throws -> Void) throws {
    let floor = try stores.floor()
    let servers = try [stores.small, stores.large].map { place in
      let pair = try ["code", "cowork"].map { try Server(program, agent: $0, store: place) }
      for server in pair { try server.ready() }
      return pair
    }
    let send = #"{"to":"cowork","content":"\#(Self.text)"}"#
    var rawTimes = Times()
    var times = [String: [Times]]()
    func measure<Value>(_ name: String, _ size: Int, _ body: () throws -> Value) rethrows {
      _ = try times[name, default: [Times(), Times()]][size].measure(body)
    }
    for round in 0..<220 {
      // The first ones open, prepare and fill caches.
      if round == 20 { (rawTimes, times) = (Times(), [:]) }
      try rawTimes.measure { try raw(floor) }
      for (size, pair) in servers.enumerated() {
        try measure("send_message", size) { try pair[0].call("send_message", send) }
        try measure("read_messages", size) { try pair[1].call("read_messages") }
        try measure("get_tasks", size) { try pair[0].call("get_tasks", #"{"status":"pending","limit":10}"#) }
        try measure("wait_for_updates, nothing there", size) { try pair[0].call("wait_for_updates", #"{"timeout_seconds":0}"#) }
        try measure("list_agents", size) { try pair[0].call("list_agents") }
      }
    }
    for name in ["send_message", "read_messages"] {
      report.add("\(stores.name): \(name)", floor: rawTimes, small: times[name]![0], large: times[name]![1])
    }
    for name in ["get_tasks", "wait_for_updates, nothing there", "list_agents"] {
      report.add("\(stores.name): \(name)", floor: nil, small: times[name]![0], large: times[name]![1])
    }
    try searches(stores.name, servers[1][0])
    let visitor = try Server(program, agent: "visitor", store: stores.large)
    try visitor.ready()
    for (name, query) in [("a word of most messages, by an agent with few", #"{"query":"the"}"#), ("all of an agent with few", "{}")] {
      try search("\(stores.name): \(name)", visitor, query)
    }
    visitor.end()
    for server in servers.joined() { server.end() }
  }

  private mutating func searches(_ store: String, _ server: Server) throws {
    let queries = [
      ("a word of most messages", #"{"query":"the"}"#), ("the beginning of many words", #"{"query":"s"}"#),
      ("a word of one in a hundred", #"{"query":"migration"}"#), ("three words", #"{"query":"build error migration"}"#),
      ("a word of few messages", #"{"query":"zuonbalo"}"#), ("a word of none", #"{"query":"absent"}"#),
      ("one conversation", #"{"with":"tester"}"#), ("a word in one conversation", #"{"query":"please","with":"planner"}"#),
      ("nothing but the newest", "{}"),
    ]
    for (name, query) in queries { try search("\(store): \(name)", server, query) }
  }

  private mutating func search(_ name: String, _ server: Server, _ query: String) throws {
    var times = Times()
    for _ in 0..<15 { _ = try times.measure { try server.call("search_history", query) } }
    report.add("search_history, \(name)", floor: nil, small: nil, large: times)
  }

  // MARK: Wake-ups

  mutating func wakeUps<Floor>(_ stores: Stores<Floor>, raw: () throws -> Void) throws {
    var rawTimes = Times()
    var times = [Times(), Times()]
    let servers = try [stores.small, stores.large].map { place in
      let pair = try ["code", "cowork"].map { try Server(program, agent: $0, store: place) }
      for server in pair { try server.ready() }
      return pair
    }
    let send = #"{"to":"cowork","content":"\#(Self.text)"}"#
    for round in 0..<160 {
      if round == 10 { (rawTimes, times) = (Times(), [Times(), Times()]) }
      try rawTimes.measure(raw)
      for (size, pair) in servers.enumerated() {
        let waiting = pair[1].beginCall("wait_for_updates", #"{"timeout_seconds":20}"#)
        // Until it waits.
        usleep(15_000)
        var sending = 0
        try times[size].measure {
          sending = pair[0].beginCall("send_message", send)
          _ = try pair[1].reply(to: waiting)
        }
        _ = try pair[0].reply(to: sending)
      }
    }
    report.add("\(stores.name): send to wake-up", floor: rawTimes, small: times[0], large: times[1])
    for server in servers.joined() { server.end() }
  }

  // MARK: Throughput

  mutating func throughput<Floor>(_ stores: Stores<Floor>, raw: @escaping @Sendable (Floor) throws -> Void) throws where Floor: Sendable {
    let (writers, messages) = (8, 60)
    let floors = try (0..<writers).map { _ in try stores.floor() }
    var rates = [Double]()
    let send = #"{"to":"cowork","content":"\#(Self.text)"}"#
    let rawSeconds = try together(writers) { writer in for _ in 0..<messages { try raw(floors[writer]) } }
    rates.append(Double(writers * messages) / rawSeconds)
    for place in [stores.small, stores.large] {
      let servers = try (0..<writers).map { _ in try Server(program, agent: "code", store: place) }
      for server in servers { try server.ready() }
      let time = try together(writers) { writer in for _ in 0..<messages { try servers[writer].call("send_message", send) } }
      rates.append(Double(writers * messages) / time)
      for server in servers { server.end() }
    }
    report.addRates("\(stores.name): eight writers, messages/s", floor: rates[0], small: rates[1], large: rates[2])
  }

  private func together(_ count: Int, _ body: @escaping @Sendable (Int) throws -> Void) throws -> Double {
    let failures = Shared([String]())
    let group = DispatchGroup()
    let (time, _) = seconds {
      for index in 0..<count {
        let queue = DispatchQueue(label: "writer \(index)")
        queue.async(group: group) {
          do { try body(index) } catch { failures.use { $0.append("\(error)") } }
        }
      }
      group.wait()
    }
    if let failure = failures.use({ $0.first }) { throw Failure(failure) }
    return time
  }

  // MARK: Starts and memory

  mutating func starts(_ places: [(String, small: Place, large: Place)]) throws {
    var floor = Times()
    var times = places.map { _ in [Times(), Times()] }
    for _ in 0..<25 {
      try floor.measure {
        let child = try Child(empty)
        child.end()
      }
      for (index, place) in places.enumerated() {
        for (size, store) in [place.small, place.large].enumerated() {
          let server = try times[index][size].measure { try Server(program, agent: "code", store: store) }
          server.end()
        }
      }
    }
    for (index, place) in places.enumerated() {
      report.add("\(place.0): start to initialize reply", floor: floor, small: times[index][0], large: times[index][1])
    }
  }

  mutating func memory(_ places: [(String, small: Place, large: Place)]) throws {
    let child = try Child(empty, ["stay"])
    usleep(100_000)
    let floor = try child.residentMemory()
    child.end()
    for place in places {
      let sizes = try [place.small, place.large].map { store in
        let server = try Server(program, agent: "code", store: store)
        try server.ready()
        for _ in 0..<50 {
          try server.call("send_message", #"{"to":"code","content":"\#(Self.text)"}"#)
          try server.call("read_messages")
        }
        try server.call("get_tasks")
        try server.call("search_history", #"{"query":"absent"}"#)
        let size = try server.residentMemory()
        server.end()
        return size
      }
      report.addSizes("\(place.0): resident memory, MB", floor: floor, small: sizes[0], large: sizes[1])
    }
  }
}
