import Bridge
import PostgresClient

extension PostgresStore {
  public func send(_ message: NewMessage) async throws(BridgeError) -> SendReceipt {
    let (awaited, viewer) = (message.reservation, Viewer(agent: message.sender, idsLike: message.id))
    return try await performWriting(to: message.recipient) { [sql, timing] pool, attempt in
      let row = try await pool.query(
        sql.call("send", arguments: 13),
        [
          .text(message.sender.name), .text(message.recipient.name), .text(message.content), .optional(message.replyTo),
          .optional(message.taskID), .optional(message.idempotencyKey), .text(message.id), .double(timing.presence.inSeconds),
          self.parameter(viewer), .optional(awaited?.lease), .text(awaited?.instance.id ?? ""),
          .text(awaited?.instance.process.encoded ?? ""),
          .double(timing.lease.inSeconds),
        ]
      ).only
      return try SendReceipt(row, for: message, attempt)
    }
  }

  public func broadcast(_ broadcast: Broadcast) async throws(BridgeError) -> [SendReceipt] {
    try await perform { [sql, timing] pool, attempt in
      try await pool.query(
        sql.call("send_to_all", arguments: 8),
        [
          .text(broadcast.sender.name), .text(broadcast.content), .optional(broadcast.references.replyTo),
          .optional(broadcast.references.taskID), .optional(broadcast.references.idempotencyKey), .textArray(broadcast.ids),
          .double(timing.presence.inSeconds), self.parameter(Viewer(agent: broadcast.sender, idsLike: broadcast.ids.first ?? "")),
        ]
      ).map { row in
        let id = try row.get("id", as: String.self)
        let message = try broadcast.message(broadcast.ids.contains(id) ? id : "", to: Identity(row.get("recipient")))
        return try SendReceipt(row, for: message, attempt)
      }
    }
  }

  public func take(_ request: TakeRequest) async throws(BridgeError) -> Delivery {
    let wanted: [PostgresParameter] = [
      .optional(request.sender), .bool(request.includesTasks), .int(request.limit), .int(request.characters), .bool(request.isWhole),
    ]
    guard let instance = request.instance else {
      return try await perform { [sql, idle] _ in
        try await self.afterRecovery { dead, alive in
          try await idle.query(
            sql.call("look", arguments: 10, SQL.delivered),
            [.text(request.agent.name), .text(ProcessIdentity.current.encoded), .textArray(dead), .textArray(alive)] + wanted
              + [self.parameter(request.viewer)])
        }
      }
    }
    let lease = UniqueID.make()
    return try await performTaking { [sql, timing, idle] _, attempt in
      var delivery = try await self.afterRecovery { dead, alive in
        try await idle.query(
          sql.call("take", arguments: 16, SQL.delivered),
          [
            .text(request.agent.name), .text(lease), .text(instance.id), .text(instance.process.encoded), .double(timing.lease.inSeconds),
            .textArray(dead), .textArray(alive), .bool(attempt > 1),
          ] + wanted + [
            self.parameter(request.viewer, lease: request.reply?.lease), .optional(request.reply?.message),
            .bool(request.reply?.includesRead ?? false),
          ], isRepeatable: false)
      }
      delivery.lease = delivery.isEmpty ? nil : lease
      return delivery
    } undoing: {
      lease
    }
  }

  /// Repeats a call that returns leases and sessions of other processes until it has been told which of these are dead.
  private func afterRecovery(
    _ call: (_ dead: [String], _ alive: [String]) async throws -> PostgresRows
  ) async throws -> Delivery {
    var (dead, alive) = ([String](), [String]())
    while true {
      let rows = try await call(dead, alive)
      guard let unchecked = try rows.only.get("to_check", as: [String]?.self), !unchecked.isEmpty else { return try Delivery(rows) }
      neighbours.learn(unchecked).sortByLife(into: &dead, &alive)
    }
  }

  public func history(_ query: HistoryQuery) async throws(BridgeError) -> HistoryPage {
    let text = query.text ?? ""
    let hasWords = SearchQuery(text) != nil
    return try await perform { [sql] pool in
      do {
        // One row without a message where nothing was found.
        let rows = try await pool.query(
          """
          SELECT \(hasWords) AND COALESCE(pg_catalog.obj_description(pg_catalog.to_regclass($10), 'pg_class'), '') = $11 AS is_partial, found.*
          FROM (VALUES (1)) AS one LEFT JOIN (\(sql.call("history", arguments: 9, "more, \(SQL.message)"))) AS found ON true
          """,
          [
            .optional(query.agent?.name), .textArray(hasWords ? [text] : []), .optional(hasWords || text.isEmpty ? nil : text),
            .optional(query.with), .optional(query.taskID),
            .optional(query.before), .int(query.limit), .int(query.characters), .bool(query.isWhole),
            .text("\(sql.schema).messages_words"), .text(PostgresMigrator.rebuildMark),
          ])
        let found = rows.filter { !$0.isNull("more") }
        var page = HistoryPage(messages: try found.map { try Message($0) }, more: try found.first?.get("more") ?? false)
        page.isPartial = try rows.first?.get("is_partial") ?? false
        return page
      } catch let error as PostgresError where error.sqlState == .neitherIDNorTime {
        throw BridgeError.notATimeOrID(query.before ?? "")
      }
    }
  }

  public func message(_ id: String, for agent: Identity?) async throws(BridgeError) -> Message? {
    try await perform { [sql] pool in
      try await pool.query(sql.call("message", arguments: 2), [.optional(agent?.name), .text(id)]).first.map { try Message($0) }
    }
  }
}

extension PostgresStore {
  /// Carries out a verb that writes for a recipient.
  ///
  /// - Throws: `unknownRecipient`.
  func performWriting<Receipt: Sendable>(
    to recipient: Identity, _ verb: @Sendable @escaping (PostgresPool, _ attempt: Int) async throws -> Receipt
  ) async throws(BridgeError) -> Receipt {
    try await perform(isCancellable: true) { pool, attempt in
      do { return try await verb(pool, attempt) } catch let error as PostgresError where error.sqlState == .unknownAgent {
        throw BridgeError.unknownRecipient(recipient, known: (error.server?.detail ?? "").split(separator: " ").map(String.init))
      }
    }
  }
}

extension SendReceipt {
  /// From a row of `send`.
  fileprivate init(_ row: PostgresRow, for message: NewMessage, _ attempt: Int) throws {
    let (id, createdAt) = try (row.get("id", as: String.self), row.get("created_at", as: String.self))
    let isOnline = try row.isOnline
    if try row.get("is_new") {
      self.init(messageID: id, recipient: message.recipient, createdAt: createdAt, recipientOnline: isOnline, duplicate: false)
    } else {
      let earlier = Message(
        id: id, sender: nil, recipient: try row.get("earlier_recipient"), content: try row.get("earlier_content"), createdAt: createdAt)
      self = try EarlierRecord.receipt(for: message, from: earlier, attempt: attempt, recipientOnline: isOnline)
    }
    unread = try row.unread
  }
}

extension Delivery {
  /// From rows of `SQL.delivered`.
  fileprivate init(_ rows: PostgresRows) throws {
    self.init(remaining: try rows.first?.get("remaining", as: Int?.self) ?? 0)
    elsewhere = try rows.first?.get("elsewhere", as: Int?.self) ?? 0
    newsElsewhere = try rows.first?.get("news_elsewhere", as: Int?.self) ?? 0
    setAside = try rows.first?.get("set_aside", as: Int?.self) ?? 0
    for row in rows {
      if !row.isNull("seq") { messages.append(try Message(row)) }
      if !row.isNull("t_seq") { tasks.append(try BridgeTask(row, "t_")) }
    }
  }
}

extension PostgresRow {
  /// Whether an agent of the processes in this row runs.
  var isOnline: Bool { get throws { Presence.isOnline(try get("processes", as: [String].self)) } }

  /// What waits for the caller; nothing where that could not be counted.
  var unread: UnreadCounts {
    get throws { UnreadCounts(messages: try get("unread_messages") ?? 0, tasks: try get("unread_tasks") ?? 0) }
  }
}
