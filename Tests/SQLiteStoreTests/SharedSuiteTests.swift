import BridgeTesting
import Testing

@Suite("The SQLite store keeps the contract of all stores")
struct SharedSuiteTests {
  @Test(arguments: StoreSuite.cases)
  func behaves(_ storeCase: StoreCase) async throws { try await storeCase.run(on: SQLiteHarness()) }
}
