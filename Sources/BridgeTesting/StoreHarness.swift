import Bridge

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
