import Bridge
import PostgresClient
import Synchronization
import SystemSupport

/// The leases of a verb's attempts.
final class AttemptedLeases: Sendable {
  private let lease = Mutex<String?>(nil)

  var last: String? { lease.withLock(\.self) }

  func next() -> String {
    let new = UniqueID.make()
    lease.withLock { $0 = new }
    return new
  }
}

extension PostgresStore {
  /// Carries out a verb that takes something under a lease. Where its outcome stays unknown, what it may have taken is given back.
  func performTaking<Value: Sendable>(
    _ verb: @Sendable @escaping (PostgresPool, _ attempt: Int) async throws -> Value, undoing lease: @Sendable @escaping () -> String?
  ) async throws(BridgeError) -> Value {
    do throws(BridgeError) { return try await perform(verb) } catch {
      if error.code == .storeUnavailable, let lease = lease() {
        // The time of the call is over.
        Task { await CallStart.with(nil) { await giveBack(unheard: lease) } }
      }
      throw error
    }
  }

  /// Until there was something to give back, or the lease has expired: a take may have got stuck on its way, and happen once the way is free.
  private func giveBack(unheard lease: String) async {
    let end = ContinuousClock.now + timing.lease
    repeat {
      if let ended = try? await perform({ pool in try await self.undo(lease, on: pool) }), ended > 0 { return }
      try? await Task.pause(for: .seconds(1))
    } while ContinuousClock.now < end
  }

  public func confirm(_ lease: String) async throws(BridgeError) {
    _ = try await perform { [sql, idle] _ in try await idle.query(sql.call("confirm", arguments: 1), [.text(lease)]) }
  }

  public func undo(_ lease: String) async throws(BridgeError) {
    _ = try await perform { pool in try await self.undo(lease, on: pool) }
  }

  /// - Returns: how many leases there were.
  @discardableResult
  func undo(_ lease: String, on pool: PostgresPool) async throws -> Int {
    try await pool.query(sql.call("undo", arguments: 1), [.text(lease)]).only.get(0)
  }

  public func renew(_ leases: [String]) async throws(BridgeError) {
    let duration = timing.lease.inSeconds
    _ = try await perform { [sql] pool in
      try await pool.query(sql.call("renew", arguments: 2), [.textArray(leases), .double(duration)])
    }
  }

  @discardableResult
  public func recoverExpired() async throws(BridgeError) -> Int {
    try await perform { [sql, idle] _ in
      var (dead, alive) = ([String](), [String]())
      var ended = 0
      while true {
        let row = try await idle.query(
          sql.call("recover", arguments: 3), [.text(ProcessIdentity.current.encoded), .textArray(dead), .textArray(alive)]
        ).only
        ended += try row.get("ended", as: Int.self)
        let unchecked = try row.get("to_check", as: [String].self)
        alive += dead
        dead = []
        unchecked.sortByLife(into: &dead, &alive)
        if dead.isEmpty { return ended }
      }
    }
  }
}

extension [String] {
  /// Sorts leases, each followed by its process, by whether the process is known to have ended.
  func sortByLife(into dead: inout [String], _ alive: inout [String]) {
    for entry in self {
      let parts = entry.split(separator: " ", maxSplits: 1).map(String.init)
      if Presence.hasEnded(parts.last) { dead.append(parts[0]) } else { alive.append(parts[0]) }
    }
  }
}
