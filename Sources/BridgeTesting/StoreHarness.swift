import Bridge

/// One database of a kind of store, empty at first, as the shared suite needs it.
public protocol StoreHarness: Sendable {
  /// A store on this database. Each is like another process: it has connections and subscribers of its own.
  func makeStore(timing: StoreTiming) async throws -> any BridgeStore

  /// Carries out a statement as a person would at the database's own command line.
  ///
  /// The suite writes statements on the documented tables in the spelling of SQLite; where another database spells it otherwise
  /// (`datetime('now')`), the harness translates.
  func executeByHand(_ sql: String) async throws

  /// The rows that a person would see.
  func queryByHand(_ sql: String) async throws -> [[String?]]

  /// Closes the stores and removes the database.
  func cleanUp() async
}
