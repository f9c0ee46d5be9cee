/// What every store must do: the contract of `BridgeStore` as cases, one file for each area.
///
/// A backend's test target runs all cases, each on its own empty database:
///
///     @Test(arguments: StoreSuite.cases)
///     func behaves(_ storeCase: StoreCase) async throws { try await storeCase.run(on: MyHarness()) }
public enum StoreSuite {
  public static let cases = casesOfAgents + archive + retention + transcript + diagnosis

  /// The cases in which each verb acts for one agent.
  public static let casesOfAgents: [StoreCase] =
    messages + inboxOrder + leases + redelivery + idempotency + tasks + endingTasks + claims + taskNews + history + search + agents
    + concurrency + wakeUps + handWritten

  static func area(_ name: String, _ cases: [StoreCase]) -> [StoreCase] { cases.map { $0.within(name) } }
}
