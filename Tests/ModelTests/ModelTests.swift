import Bridge
import Foundation
import SystemSupport
import Testing

/// Random sequences of verbs by several instances, with deaths, time and typed rows in between: each store does what the model says.
///
/// `COWORK_MODEL_MINUTES` runs for so long, with the seed `COWORK_MODEL_SEED` or a new one: see scripts/prove.
@Suite struct ModelTests {
  @Test func sqlite() async throws { try await compare("SQLite", [SQLiteBench(), SQLiteBench()]) }

  @Test func postgres() async throws { try await compare("Postgres", [PostgresBench(), PostgresBench()]) }

  @Test func copiesBetweenBoth() async throws { try await compare("Both", [SQLiteBench(), PostgresBench()]) }

  private func compare(_ name: String, _ benches: [any Bench]) async throws {
    let prover = Prover(benches)
    let result: Result<String?, any Error>
    do { result = .success(try await prover.run()) } catch { result = .failure(error) }
    for bench in benches { await bench.cleanUp() }
    let failure = try result.get()
    print("\(name): \(prover.report)")
    if let failure { Issue.record("\(name): \(failure)") }
  }
}
