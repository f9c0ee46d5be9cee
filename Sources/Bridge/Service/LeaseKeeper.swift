import Logging
import Synchronization

/// The leases of this process: what was taken and is being delivered to the client.
final class LeaseKeeper: Sendable {
  private struct State {
    /// Leases of replies that are still being written.
    var outstanding: Set<String> = []
    /// Leases of replies that were written while the store was unavailable.
    var unconfirmed: Set<String> = []
  }

  private let state = Mutex(State())
  private let store: any BridgeStore
  private let logger: Logger

  init(store: any BridgeStore, logger: Logger) {
    self.store = store
    self.logger = logger
  }

  func began(_ lease: String?) {
    guard let lease else { return }
    state.withLock { _ = $0.outstanding.insert(lease) }
  }

  /// Keeps the lease until the store has confirmed it, so that it is confirmed later if the store is unavailable.
  func confirm(_ lease: String?) async {
    guard let lease else { return }
    do {
      try await store.confirm(lease)
      state.withLock { state in
        state.outstanding.remove(lease)
        state.unconfirmed.remove(lease)
      }
    } catch {
      state.withLock { _ = $0.unconfirmed.insert(lease) }
      logger.debug("a delivery could not be confirmed yet", metadata: ["error": "\(error)"])
    }
  }

  func undo(_ lease: String?) async {
    guard let lease else { return }
    state.withLock { _ = $0.outstanding.remove(lease) }
    do { try await store.undo(lease) } catch {
      logger.debug("a delivery could not be undone; its lease will expire", metadata: ["error": "\(error)"])
    }
  }

  /// Renews outstanding leases, and confirms those that could not be confirmed before.
  func maintain() async {
    let (unconfirmed, outstanding) = state.withLock { ($0.unconfirmed, $0.outstanding) }
    for lease in unconfirmed { await confirm(lease) }
    let waiting = outstanding.subtracting(unconfirmed)
    guard !waiting.isEmpty else { return }
    do { try await store.renew(Array(waiting)) } catch {
      logger.debug("leases could not be renewed", metadata: ["error": "\(error)"])
    }
  }
}
