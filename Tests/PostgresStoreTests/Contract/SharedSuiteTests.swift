import BridgeTesting
import Testing

@Suite("The Postgres store keeps the contract of all stores")
struct SharedSuiteTests {
  @Test(arguments: ConnectionMode.allCases, StoreSuite.cases)
  func behaves(_ mode: ConnectionMode, _ storeCase: StoreCase) async throws {
    try await Turnstile.shared.pass { try await storeCase.run(on: PostgresHarness.make(mode)) }
  }
}
