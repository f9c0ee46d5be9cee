import SystemSupport

/// Arguments: the server's program, the empty program, a throwaway folder; for the worst shapes `--worst` and parts of their names.
/// COWORK_DATABASE_URL: a throwaway Postgres.
@main
enum Benchmarks {
  static func main() async throws {
    let arguments = CommandLine.arguments
    guard arguments.count >= 4, let url = Environment["COWORK_DATABASE_URL"] else { throw Failure("Start this by Benchmarks/run.") }
    let preparation = Preparation(program: arguments[1], folder: arguments[3], postgresURL: url)
    if arguments.count > 4 { return try worst(preparation, Array(arguments[5...])) }
    let time = try await ContinuousClock().measure {
      try show("Filling stores with \(Filling.messages) messages and \(Filling.tasks) tasks ...")
      let start = ContinuousClock.now
      async let filled = preparation.sqlite()
      let postgres = try await preparation.postgres()
      let sqlite = try await filled
      try show("... took \((ContinuousClock.now - start).components.seconds) s. Measuring ...")
      try await measure(sqlite, postgres, arguments)
    }
    try show("\nThe run took \(time.components.seconds) s.")
  }

  private static func worst(_ preparation: Preparation, _ wanted: [String]) throws {
    let shapes = WorstShapes(preparation, wanted: wanted)
    let time = try ContinuousClock().measure { try shapes.measure() }
    let report = shapes.report
    try show("\nTimes in ms.\n\n\(report.text)\n\nOf each shape the call that comes nearest to its limit:\n\n\(report.summary)")
    try show("\n\(report.lines.count) calls, \(report.failures) beyond their limit. The run took \(time.components.seconds) s.")
  }

  private static func measure(_ sqlite: Stores<SQLiteFloor>, _ postgres: Stores<PostgresFloor>, _ arguments: [String]) async throws {
    var measuring = Measuring(program: arguments[1], empty: arguments[2])
    try measuring.calls(sqlite) { try $0.send(Measuring.text) }
    try measuring.calls(postgres) { try $0.send(Measuring.text) }
    let seen = try SQLiteWakeUp(sqlite.floor(), sqlite.floor())
    try await measuring.wakeUps(sqlite) { try seen.once() }
    seen.end()
    let (sender, listener) = (try postgres.floor(), try postgres.floor())
    try listener.server.run("LISTEN raw")
    try await measuring.wakeUps(postgres) {
      try sender.sendAndNotify(Measuring.text)
      try listener.server.awaitNotification()
    }
    try await measuring.throughput(sqlite) { try $0.send(Measuring.text) }
    try await measuring.throughput(postgres) { try $0.sendAndNotify(Measuring.text) }
    let places = [(sqlite.name, small: sqlite.small, large: sqlite.large), (postgres.name, small: postgres.small, large: postgres.large)]
    try measuring.starts(places)
    try await measuring.memory(places)
    var trip = Times()
    for _ in 0..<200 {
      try trip.measure {
        try sender.server.run("NOTIFY raw")
        try listener.server.awaitNotification()
      }
    }
    let (report, number) = (measuring.report, measuring.report.number)
    try show("\nTimes in ms.\n\n\(report.text)")
    try show("\nNOTIFY alone, from one libpq connection to another: p50 \(number(trip.p50)) ms, p99 \(number(trip.p99)) ms.")
  }
}

/// At once, also into a pipe.
func show(_ line: String) throws { try FileDescriptor.standardOutput.writeCompletely(Array("\(line)\n".utf8)) }
