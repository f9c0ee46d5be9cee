import Bridge
import BridgeServer
import Foundation
import JSON

/// How the bridge stands, as `/api/state` tells it.
struct WebState: Sendable {
  private let settings: WebSettings
  private let overview: Overview
  /// What waits for the agent that the server acts for; nil if it only looks.
  private let unread: UnreadCounts?

  init(_ settings: WebSettings, _ overview: Overview, unread: UnreadCounts?) {
    (self.settings, self.overview, self.unread) = (settings, overview, unread)
  }

  var json: JSON {
    let shown = Overview.schema.encode(overview)
    let sessions = Dictionary(grouping: overview.sessions, by: \.agent)
    let aside = Dictionary(overview.setAside.map { ($0.agent, $0.count) }) { $0 + $1 }
    // The rows are in the order of the agents.
    let agents = zip(overview.agents, shown["agents"]?.arrayValue ?? []).map { agent, row in
      var row = row.objectValue ?? [:]
      row["set_aside"] = .integer(Int64(aside[agent.name] ?? 0))
      row["sessions"] = .array(
        (sessions[agent.name] ?? []).map { ["name": .string($0.name), "client": $0.client.map { .string($0) } ?? .null] })
      return JSON.object(row)
    }
    return [
      "as": settings.identity.map { .string($0.name) } ?? .null, "read_only": .bool(settings.identity == nil),
      "store": .string(settings.store), "workspace": settings.workspace.map { .string($0) } ?? .null,
      "version": .string(settings.version), "now": .string(Self.now), "unread": unread.map(UnreadCounts.schema.encode) ?? .null,
      "agents": .array(agents), "count_limit": .integer(Int64(Limits.countLimit)),
      "unread_for_unknown_names": shown["unread_for_unknown_names"] ?? [],
      "open_tasks": .integer(Int64(overview.openTasks)), "stale_tasks": .integer(Int64(overview.staleTasks)),
      "leases": .integer(Int64(overview.leases)), "expired_leases": .integer(Int64(overview.expiredLeases)),
    ]
  }

  private static var now: String { Date().formatted(Date.ISO8601FormatStyle(includingFractionalSeconds: true)) }

  /// Whether nothing but time has passed.
  func isSame(as other: WebState) -> Bool { unread == other.unread && overview.withoutAges == other.overview.withoutAges }
}

extension Overview {
  /// Without what changes although nothing happens.
  fileprivate var withoutAges: Overview {
    var overview = self
    for index in overview.unread.indices { overview.unread[index].oldest = nil }
    for index in overview.tasks.indices { overview.tasks[index].age = nil }
    for index in overview.setAside.indices { overview.setAside[index].oldest = nil }
    return overview
  }
}
