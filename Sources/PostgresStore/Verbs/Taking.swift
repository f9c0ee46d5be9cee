import Bridge
import PostgresClient

extension PostgresStore {
  public func take(_ request: TakeRequest) async throws(BridgeError) -> Delivery {
    guard let instance = request.instance else {
      // One state for all of it: what is committed in the middle must not be counted without being shown.
      return try await perform { pool in
        guard let news = try await self.news(request, pool) else { return Delivery() }
        return try await pool.withTransaction(TransactionOptions(isolation: .repeatableRead, readOnly: true)) { transaction in
          try await self.look(request, news, transaction, lock: false).delivery
        }
      }
    }
    return try await performTaking { pool, lease in
      // A transaction only where there is something: hints come for other reasons as well.
      guard let news = try await self.news(request, pool) else { return Delivery() }
      if !news.tasks, let delivery = try await self.takeAtOnce(request, as: lease, to: instance) { return delivery }
      return try await pool.withTransaction(TransactionOptions(isolation: .readCommitted)) { transaction in
        var (delivery, told) = try await self.look(request, news, transaction, lock: true)
        guard !told.isEmpty else { return delivery }
        try await self.lease(told, as: lease, to: instance, transaction)
        delivery.lease = lease
        return delivery
      }
    }
  }

  /// Takes messages by one statement if all of them fit into the reply: the usual case, and faster than a transaction.
  ///
  /// - Returns: nil where nothing was taken, since they may not fit or somebody else is taking them.
  private func takeAtOnce(_ request: TakeRequest, as lease: String, to instance: Instance) async throws -> Delivery? {
    let rows = try await idle.query(
      """
      WITH \(found(lock: true)), fitting AS (
        SELECT array_agg(seq ORDER BY seq) AS seqs FROM found
        HAVING sum(\(SQL.replyCost(of: "found"))) <= $4
      ), marked AS (
        UPDATE \(sql.messages) m SET read = 1 FROM fitting WHERE m.seq = ANY(fitting.seqs)
      ), leased AS (
        INSERT INTO \(sql.leases) (id, agent, instance, process, expires_at) SELECT $5, $1, $6, $7, \(SQL.later("$8")) FROM fitting
      ), items AS (
        INSERT INTO \(sql.leaseItems) (lease, kind, seq) SELECT $5, 'message', unnest(seqs) FROM fitting
      )
      SELECT (SELECT count(*) FROM \(sql.messages) m WHERE \(Self.unread)) AS count, found.* FROM fitting, found ORDER BY found.seq
      """,
      [
        .text(request.agent.name), .optional(request.sender), .int(Int64(request.limit)), .int(Int64(request.characters)), .text(lease),
        .text(instance.id), .text(instance.process.encoded), .double(timing.lease.inSeconds),
      ], isRepeatable: false)
    guard let first = rows.first else { return nil }
    let messages = try rows.map(Message.init)
    return Delivery(lease: lease, messages: messages, remaining: max(0, try first.get("count") - messages.count))
  }

  /// What there is to take.
  private struct News {
    var messages: Bool
    var tasks: Bool
  }

  /// Gives back what others have left behind, and tells whether there is anything; nil where there is nothing.
  private func news(_ request: TakeRequest, _ pool: PostgresPool) async throws -> News? {
    let tasks = request.includesTasks ? "EXISTS (\(taskNews("$1")))" : "false"
    let rows = try await idle.query(
      """
      SELECT news.*, leases.* FROM (
        SELECT EXISTS (SELECT 1 FROM \(sql.messages) m WHERE \(Self.unread)) AS has_messages, \(tasks) AS has_tasks
      ) AS news LEFT JOIN (\(leases)) AS leases ON true
      """, [.text(request.agent.name), .optional(request.sender)])
    // What was given back may be for this agent.
    if try await recoverIfPossible(rows, pool) { return News(messages: true, tasks: request.includesTasks) }
    guard let row = rows.first else { return nil }
    let news = News(messages: try row.get("has_messages"), tasks: try row.get("has_tasks"))
    return news.messages || news.tasks ? news : nil
  }

  private static let unread = "m.recipient = $1 AND COALESCE(m.read, 0) = 0 AND ($2::text IS NULL OR m.sender = $2)"

  /// The first unread messages, as parts of a WITH.
  ///
  /// - Parameter lock: keeps them for this transaction, and passes over those that another process is just taking: without that two readers
  ///   would get the same ones.
  private func found(lock: Bool) -> String {
    """
    picked AS (
      SELECT m.seq FROM \(sql.messages) m WHERE \(Self.unread) ORDER BY m.seq LIMIT $3 \(lock ? "FOR UPDATE SKIP LOCKED" : "")
    ), found AS (
      SELECT \(SQL.messageColumns) FROM picked JOIN \(sql.messages) m ON m.seq = picked.seq
      LEFT JOIN \(sql.messageDetails) d ON d.message_id = m.id
    )
    """
  }

  /// The sides of tasks that are news for an agent.
  func taskNews(_ agent: String) -> String {
    """
    SELECT t.id, t.seq, 'assignee' AS side FROM \(sql.taskDetails) d JOIN \(sql.tasks) t ON t.id = d.task_id
      WHERE d.assignee_news = 1 AND t.recipient = \(agent)
    UNION ALL
    SELECT t.id, t.seq, 'creator' FROM \(sql.taskDetails) d JOIN \(sql.tasks) t ON t.id = d.task_id
      WHERE d.creator_news = 1 AND t.sender = \(agent)
    """
  }

  /// What fits into a reply.
  private func look(
    _ request: TakeRequest, _ news: News, _ executor: some PostgresExecutor, lock: Bool
  ) async throws -> (delivery: Delivery, told: ToldRows) {
    var budget = ReplyBudget(characters: request.characters)
    var delivery = Delivery()
    var told = ToldRows()
    if news.messages {
      let rows = try await executor.query(
        """
        WITH \(found(lock: lock))
        SELECT unread.count, found.* FROM (SELECT count(*) FROM \(sql.messages) m WHERE \(Self.unread)) AS unread LEFT JOIN found ON true
        ORDER BY found.seq
        """,
        [.text(request.agent.name), .optional(request.sender), .int(Int64(request.limit))])
      for row in rows {
        guard let seq: Int64 = try row.get("seq") else { break }
        let message = try Message(row)
        guard budget.admits(message.replyCost) else { break }
        delivery.messages.append(message)
        told.messages.append(seq)
      }
      delivery.remaining = max(0, (try rows.first?.get("count") ?? 0) - delivery.messages.count)
    }
    if news.tasks {
      // The flags are what is taken, so their rows are locked first, by a statement of its own: what is read afterwards is what they stand
      // for, and a later change of the task waits and is told next time.
      let ids = try await executor.query(
        """
        SELECT d.task_id FROM \(sql.taskDetails) d JOIN \(sql.tasks) t ON t.id = d.task_id
        WHERE (d.assignee_news = 1 AND t.recipient = $1) OR (d.creator_news = 1 AND t.sender = $1)
        ORDER BY t.seq LIMIT $2 \(lock ? "FOR UPDATE OF d SKIP LOCKED" : "")
        """,
        [.text(request.agent.name), .int(Int64(request.limit))]
      ).map { try $0.get(0, as: String.self) }
      let rows = try await executor.query(
        "SELECT \(SQL.taskColumns) FROM \(sql.tasksWithDetails) WHERE t.id = ANY($1::text[]) ORDER BY t.seq", [.textArray(ids)])
      for row in rows {
        let task = try BridgeTask(row)
        guard budget.admits(task.replyCost) else { break }
        told.tasks.append(try row.get("seq"))
        delivery.tasks.append(task)
      }
    }
    return (delivery, told)
  }

  public func unreadCounts(for agent: Identity) async throws(BridgeError) -> UnreadCounts {
    try await perform { [sql, idle] _ in
      let row = try await idle.query(
        """
        SELECT (SELECT count(*) FROM \(sql.messages) WHERE recipient = $1 AND COALESCE(read, 0) = 0) AS messages,
          (SELECT count(DISTINCT seq) FROM (\(self.taskNews("$1"))) news) AS tasks
        """, [.text(agent.name)]
      ).first
      return UnreadCounts(messages: try row?.get("messages") ?? 0, tasks: try row?.get("tasks") ?? 0)
    }
  }
}
