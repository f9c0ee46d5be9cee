import Bridge
import PostgresClient

extension Message {
  init(_ row: PostgresRow) throws {
    self.init(
      id: try row.get("id"), sender: try row.get("sender"), recipient: try row.get("recipient"), content: try row.get("content"),
      createdAt: try row.get("created_at"), replyTo: try row.get("reply_to"), taskID: try row.get("task_id"),
      redelivered: try row.get("redelivered", as: Int.self) != 0, isRead: (try row.get("read", as: Int?.self) ?? 0) != 0,
      readAt: try row.get("read_at"))
  }
}

extension BridgeTask {
  init(_ row: PostgresRow) throws {
    let status: String? = try row.get("status")
    let holder: String? = status == TaskStatus.inProgress.rawValue ? try row.get("holder") : nil
    let process: String? = try row.get("holder_process")
    let isDead = holder != nil && process.flatMap { ProcessIdentity(encoded: $0) }?.isKnownDead == true
    let isExpired = try row.get("expired", as: Bool.self)
    self.init(
      id: try row.get("id"), sender: try row.get("sender"), recipient: try row.get("recipient"), title: try row.get("title"),
      description: try row.get("description"), status: status, result: try row.get("result"), createdAt: try row.get("created_at"),
      updatedAt: try row.get("updated_at"), holder: holder, stale: holder != nil && (isExpired || isDead))
  }
}
