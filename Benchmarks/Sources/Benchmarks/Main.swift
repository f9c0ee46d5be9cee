import Dispatch

#if canImport(Glibc)
  import Glibc
#else
  import Darwin
#endif

/// Arguments: the server's program, the empty program, a throwaway folder. COWORK_DATABASE_URL: a throwaway Postgres.
@main
enum Benchmarks {
  static func main() throws {
    guard CommandLine.argc == 4, let url = getenv("COWORK_DATABASE_URL") else {
      throw Failure("Start this by Benchmarks/run.")
    }
    let arguments = CommandLine.arguments
    let preparation = Preparation(program: arguments[1], folder: arguments[3], postgresURL: String(cString: url))
    let (time, _) = try seconds {
      show("Filling stores with \(Filling.messages) messages and \(Filling.tasks) tasks ...")
      let made = Shared<Result<Stores<SQLiteFloor>, any Error>?>(nil)
      let group = DispatchGroup()
      DispatchQueue(label: "sqlite").async(group: group) {
        let result = Result { try preparation.sqlite() }
        made.use { $0 = result }
      }
      let (filling, postgres) = try seconds {
        let postgres = try preparation.postgres()
        group.wait()
        return postgres
      }
      guard let sqlite = try made.use({ try $0?.get() }) else { return }
      show("... took \(Int(filling)) s. Measuring ...")
      try measure(sqlite, postgres, arguments)
    }
    print("\nThe run took \(Int(time)) s.")
  }

  /// At once, also into a pipe.
  private static func show(_ line: String) {
    print(line)
    fflush(nil)
  }

  private static func measure(_ sqlite: Stores<SQLiteFloor>, _ postgres: Stores<PostgresFloor>, _ arguments: [String]) throws {
    var measuring = Measuring(program: arguments[1], empty: arguments[2])
    try measuring.calls(sqlite) { try $0.send(Measuring.text) }
    try measuring.calls(postgres) { try $0.send(Measuring.text) }
    let seen = try SQLiteWakeUp(sqlite.floor(), sqlite.floor())
    try measuring.wakeUps(sqlite) { try seen.once() }
    seen.end()
    let (sender, listener) = (try postgres.floor(), try postgres.floor())
    try listener.server.run("LISTEN raw")
    try measuring.wakeUps(postgres) {
      try sender.sendAndNotify(Measuring.text)
      try listener.server.awaitNotification()
    }
    try measuring.throughput(sqlite) { try $0.send(Measuring.text) }
    try measuring.throughput(postgres) { try $0.send(Measuring.text) }
    let places = [(sqlite.name, small: sqlite.small, large: sqlite.large), (postgres.name, small: postgres.small, large: postgres.large)]
    try measuring.starts(places)
    try measuring.memory(places)
    var trip = Times()
    for _ in 0..<200 {
      try trip.measure {
        try sender.server.run("NOTIFY raw")
        try listener.server.awaitNotification()
      }
    }
    show("\nTimes in ms.\n")
    print(measuring.report.text)
    print(
      "\nNOTIFY alone, from one libpq connection to another: p50 \(measuring.report.number(trip.p50)) ms, p99 \(measuring.report.number(trip.p99)) ms."
    )
  }
}
