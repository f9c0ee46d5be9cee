import Bridge
import PostgresClient
import SystemSupport

extension PostgresStore {
  /// Checks LISTEN with notifications of a second connection, because one's own also arrive through a pooler that drops those of others.
  func notifications(_ connection: PostgresConnection, isPooler: Bool) async -> [Finding] {
    let pooler = isPooler ? " A connection pooler is between this machine and Postgres." : ""
    let advice = "Connect directly, or through a session pooler, to be woken at once; until then servers look each second."
    do {
      let second = try await PostgresConnection.connect(pool.settings)
      defer { Task { await second.close() } }
      if try await connection.pooling(comparedWith: second, within: .seconds(2)) == .transactions {
        return [Finding(.warning, "notifications", "Notifications do not arrive.\(pooler)", advice: advice)]
      }
      let fastest = try await roundTrip(from: second, to: connection)
      guard let fastest else {
        return [Finding(.warning, "notifications", "LISTEN is accepted, but a NOTIFY does not come back.\(pooler)", advice: advice)]
      }
      let milliseconds = (fastest.inSeconds * 10_000).rounded() / 10
      let found = "A NOTIFY of a second connection comes back after \(milliseconds) ms.\(pooler)"
      return [Finding(.ok, "notifications", found)]
    } catch {
      return [Finding(.warning, "notifications", "Whether LISTEN works cannot be told: \(error)", advice: advice)]
    }
  }

  /// The fastest of five round trips; nil if one takes more than 2 s.
  private func roundTrip(from second: PostgresConnection, to connection: PostgresConnection) async throws -> Duration? {
    let channel = "cowork_doctor_" + UniqueID.make().filter { $0 != "-" }
    try await connection.execute("LISTEN \(channel)")
    var fastest: Duration?
    for round in 1...5 {
      let start = ContinuousClock.now
      try await second.query("SELECT pg_notify($1, $2)", [.text(channel), .text("\(round)")])
      let arrived = await withTaskGroup(of: Bool.self) { group in
        group.addTask {
          for await notification in connection.notifications where notification.payload == "\(round)" { return true }
          return false
        }
        group.addTask {
          try? await Task.pause(for: .seconds(2))
          return false
        }
        let first = await group.next() ?? false
        group.cancelAll()
        return first
      }
      guard arrived else { return nil }
      fastest = min(fastest ?? .seconds(10), ContinuousClock.now - start)
    }
    try await connection.execute("UNLISTEN \(channel)")
    return fastest
  }
}
