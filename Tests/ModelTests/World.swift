import Bridge
import BridgeTesting
import SystemSupport

/// A database of the model's tests, and what a person does with it.
protocol Bench: StoreHarness {
  /// The column that numbers rows in the order of their insertion.
  var order: String { get }
  /// Whose leases that are over an agent's call ends.
  var reach: Model.Reach { get }
  /// Two processes with this database.
  var stores: [any BridgeStore] { get }

  /// Removes all rows.
  func wipe() async throws

  /// Lets time pass: moves all times of the database back.
  func pass(seconds: Int) async throws
}

/// Carries out steps on stores, and keeps who acts and what the ids stand for.
final class World {
  private let benches: [any Bench]
  private let processes: Processes
  private var current = 0
  private var instances: [Int: Instance] = [:]
  private var sessions: [Int: Session] = [:]
  private var servers: [Int: Processes.Process] = [:]
  private var clients: [Int: Processes.Process] = [:]
  private var killed: Set<ProcessIdentity> = []
  let messages = Names("1000")
  let tasks = Names("2000")
  var leases: [Int: String] = [:]
  var sent: [Int: NewMessage] = [:]

  /// - Parameter benches: copies go from one to the next.
  init(_ benches: [any Bench], _ processes: Processes) { (self.benches, self.processes) = (benches, processes) }

  var bench: any Bench { benches[current] }

  /// Gives back the processes that live.
  func end() {
    for process in [servers, clients].flatMap(\.values) where !killed.contains(process.identity) { processes.giveBack(process) }
  }

  func store(_ place: Place) -> any BridgeStore { bench.stores[(Place.allCases.firstIndex(of: place) ?? 0) % bench.stores.count] }

  /// Copies the store into another one, and goes on there.
  func copy() async throws -> [String] {
    let source = bench.stores[0]
    current = (current + 1) % benches.count
    try await bench.wipe()
    let report = try await ArchiveTransfer(from: source, to: bench.stores[0]).run()
    return report.isEqual ? [] : ["the copy differs: \(report)"]
  }

  // MARK: Who acts

  func instance(_ place: Place, _ model: Model) throws -> Instance {
    let author = model.author(place)
    if let made = instances[author.instance] { return made }
    var new = try make(author, place)
    // Two instances of one session may have the same digits, and then count as one.
    while instances.values.contains(where: { $0.stamp == new.stamp && !new.stamp.isEmpty }) { new = try make(author, place) }
    instances[author.instance] = new
    return new
  }

  private func make(_ author: Model.Author, _ place: Place) throws -> Instance {
    guard let number = author.session else { return .command(of: place.agent) }
    let server = try servers[author.instance] ?? processes.take()
    servers[author.instance] = server
    if place == .amy { return Instance(agent: place.agent, process: server.identity) }
    guard place.hasClient else {
      let session = sessions[number] ?? Session(named: UniqueID.make())
      sessions[number] = session
      return Instance(agent: place.agent, process: server.identity, session: session)
    }
    let client = try clients[number] ?? processes.take()
    clients[number] = client
    return Instance(agent: place.agent, process: server.identity, session: Session(client: client.identity))
  }

  /// Kills the processes of what is dead.
  func bury(instances dead: Set<Int>, sessions ended: Set<Int>) {
    for process in dead.compactMap({ servers[$0] }) + ended.compactMap({ clients[$0] }) where killed.insert(process.identity).inserted {
      process.kill()
    }
  }

  /// The number of the instance that holds a task.
  func number(ofHolder id: String) -> String { instances.first { $1.id == id }.map { "\($0.key)" } ?? id }
}

/// The ids of messages or of tasks, by number. The first eight characters are the number.
final class Names {
  private let kind: String
  private var ids: [Int: String] = [:]
  private var numbers: [String: Int] = [:]

  init(_ kind: String) { self.kind = kind }

  /// A new id.
  ///
  /// - Parameter stamp: of the instance that makes it; nil for a person.
  func make(_ number: Int, stamp: String?) -> String {
    let end = stamp.map { $0.isEmpty ? "ffffffffffff" : $0 } ?? "ABCDEFABCDEF"
    let hexadecimal = String(number, radix: 16, uppercase: stamp == nil)
    let id = String(repeating: "0", count: 8 - hexadecimal.count) + hexadecimal + "-\(kind)-4000-8000-\(end)"
    (ids[number], numbers[id]) = (id, number)
    return id
  }

  func id(_ number: Int) -> String { ids[number] ?? "no such id \(number)" }

  /// As clients may pass it: whole, in other letters, or shortened.
  func reference(_ number: Int) -> String {
    switch number % 3 {
    case 0: String(id(number).prefix(8))
    case 1: id(number).uppercased()
    default: id(number)
    }
  }

  func number(_ id: String?) -> String { id.map { numbers[$0].map { "\($0)" } ?? $0 } ?? "-" }
}
