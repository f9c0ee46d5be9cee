import Bridge
import Testing

/// What every store must do: the contract of `BridgeStore` as cases, one file for each area.
///
/// A backend's test target runs all cases, each on its own empty database:
///
///     @Test(arguments: StoreSuite.cases)
///     func behaves(_ storeCase: StoreCase) async throws { try await storeCase.run(on: MyHarness()) }
public enum StoreSuite {
  public static let cases = casesOfAgents + archive + retention + transcript + transcriptPages + everybody + diagnosis

  /// The cases in which each verb acts for one agent.
  public static let casesOfAgents: [StoreCase] =
    messages + inboxOrder + leases + redelivery + idempotency + tasks + endingTasks + claims + taskNews + history + search + agents
    + concurrency + wakeUps + handWritten + shortIDs + broadcasts + sessions + awaitedReplies + sessionTasks + setAside

  static func area(_ name: String, @StoreCases _ cases: () -> [StoreCase]) -> [StoreCase] {
    cases().map { StoreCase("\(name): \($0.name)", $0.body) }
  }
}

@resultBuilder
enum StoreCases {
  static func buildBlock(_ cases: StoreCase...) -> [StoreCase] { cases }
}

/// One behaviour that every store must have.
public struct StoreCase: Sendable, CustomTestStringConvertible {
  /// `area: behaviour`.
  public let name: String
  let body: @Sendable (StoreBench) async throws -> Void

  init(_ name: String, _ body: @escaping @Sendable (StoreBench) async throws -> Void) {
    self.name = name
    self.body = body
  }

  public var testDescription: String { name }

  /// Checks the behaviour on an empty database. A failure is recorded as an issue of the running test.
  public func run(on harness: any StoreHarness) async throws {
    do { try await body(StoreBench(harness: harness, store: harness.makeStore(timing: StoreTiming()))) } catch {
      await harness.cleanUp()
      throw error
    }
    await harness.cleanUp()
  }
}

/// One empty database of a kind of store, for the shared suite.
public protocol StoreHarness: Sendable {
  /// A store on this database. Each acts as another process, with its own connections and subscribers.
  func makeStore(timing: StoreTiming) async throws -> any BridgeStore

  /// Runs a statement as a person would at the database's command line.
  ///
  /// The suite uses SQLite's spelling for statements on the documented tables; the harness of another database translates it
  /// (`datetime('now')`).
  func executeByHand(_ sql: String) async throws

  /// The rows that a person would see.
  func queryByHand(_ sql: String) async throws -> [[String?]]

  /// Closes the stores and removes the database.
  func cleanUp() async
}
