import Bridge
import Logging

extension StoreLocation {
  /// Works on a store that exists, and closes it afterwards.
  func withStore<Value>(
    logger: Logger, mayBeMade: Bool = false, _ body: (any BridgeStore) async throws -> Value
  ) async throws -> Value {
    let store = makeStore(logger: logger)
    do {
      if !mayBeMade, try await !store.exists() {
        throw CommandFailure("There is no store in \(description): check --database-url and --workspace.")
      }
      let value = try await body(store)
      await store.close()
      return value
    } catch {
      await store.close()
      throw error
    }
  }
}
