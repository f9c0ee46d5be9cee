import Bridge
import PostgresClient
import Synchronization

/// Sessions of this host for which something was kept, and their processes: only this host can tell whether they run.
final class NeighbouringSessions: Sendable {
  private let processes = Mutex<[String: String]>([:])

  /// Takes in what a function wants to know: `session:STAMP PROCESS`.
  ///
  /// - Returns: the entries that are about something else.
  func learn(_ entries: [String]) -> [String] {
    let kind = "session:"
    for entry in entries where entry.hasPrefix(kind) {
      let parts = entry.dropFirst(kind.count).split(separator: " ", maxSplits: 1).map(String.init)
      if parts.count == 2 { processes.withLock { $0[parts[0]] = parts[1] } }
    }
    return entries.filter { !$0.hasPrefix(kind) }
  }

  /// The stamps of those that have ended, and of the others.
  fileprivate var byLife: (dead: [String], alive: [String]) {
    processes.withLock { processes in
      let dead = processes.filter { Presence.hasEnded($0.value) }
      return (Array(dead.keys), processes.keys.filter { dead[$0] == nil })
    }
  }
}

extension PostgresStore {
  /// A viewer as the functions know it. None of its values has to be escaped.
  ///
  /// - Parameter lease: the lease under which it waits for a reply.
  func parameter(_ viewer: Viewer, lease: String? = nil) -> PostgresParameter {
    let (dead, alive) = neighbours.byLife
    func list(_ stamps: [String]) -> String { stamps.map { "\"\($0)\"" }.joined(separator: ",") }
    return .text(
      """
      {"session": "\(viewer.session)", "instance": "\(viewer.instance)", "all": \(viewer.seesAll), "lease": "\(lease ?? "")", \
      "dead": [\(list(dead))], "alive": [\(list(alive))], "presence": \(timing.presence.inSeconds), \
      "reservation": \(timing.reservation.inSeconds), "precedence": \(timing.precedence.inSeconds)}
      """)
  }

  public func unreadCounts(for viewer: Viewer) async throws(BridgeError) -> UnreadCounts {
    try await perform { [sql, idle] _ in
      while true {
        let row: PostgresRow
        do {
          row = try await idle.query(
            sql.call("unread", arguments: 3),
            [.text(viewer.agent.name), self.parameter(viewer), .text(ProcessIdentity.current.encoded)]
          ).only
        } catch let error as PostgresError where error.sqlState == .lockNotAvailable {
          // What the counts are added to must not wait for them.
          throw storeError(error, of: idle.pool.settings)
        }
        let unchecked = try row.get("to_check", as: [String].self)
        if unchecked.isEmpty {
          return UnreadCounts(messages: try row.get("messages"), tasks: try row.get("tasks"), elsewhere: try row.get("elsewhere"))
        }
        _ = self.neighbours.learn(unchecked)
      }
    }
  }

  public func setAside(of agent: Identity) async throws(BridgeError) -> [Message] {
    try await perform { [sql] pool in
      try await pool.query(sql.call("set_aside", arguments: 1), [.text(agent.name)]).map { try Message($0) }
    }
  }

  public func deliverAgain(_ id: String, to agent: Identity) async throws(BridgeError) -> Bool {
    try await perform { [sql] pool in
      try await pool.query(sql.call("deliver_again", arguments: 2), [.text(agent.name), .text(id)]).only.get(0)
    }
  }
}
