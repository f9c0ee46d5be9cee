import Bridge
import PostgresClient

extension PostgresStore {
  public func write(_ messages: [ArchivedMessage]) async throws(BridgeError) -> ArchiveOutcome {
    let messages = messages.withoutRepetitions
    return try await perform { [sql] pool in
      try await pool.withTransaction(TransactionOptions(isolation: .readCommitted)) { transaction in
        let present = try await self.counterparts(of: messages, transaction)
        let missing = messages.filter { present[$0.key] == nil }
        // Somebody else may be copying as well: what has come meanwhile is found when both sides are compared.
        let added = Set(try await self.insert(missing, transaction))
        var changed = missing.filter { added.contains($0.key) }
        var outcome = ArchiveOutcome()
        outcome.added = changed.count
        var states = [(seq: Int64, read: Int?)]()
        for message in messages {
          guard let counterpart = present[message.key], counterpart.record.isBehind(message) else { continue }
          let merged = counterpart.record.merged(with: message)
          if merged.read != counterpart.record.read { states.append((counterpart.seq, merged.read)) }
          if counterpart.hasID { changed.append(merged) }
          outcome.updated += 1
        }
        if !states.isEmpty {
          try await transaction.query(
            """
            UPDATE \(sql.messages) AS m SET read = x.read::integer FROM unnest($1::bigint[], $2::text[]) AS x (seq, read) WHERE m.seq = x.seq
            """, [.intArray(states.map(\.seq)), .optionalTextArray(states.map { $0.read.inRange })])
        }
        outcome.keysTaken = try await self.writeDetails(of: changed.filter(\.hasDetails), transaction)
        return outcome
      }
    }
  }

  /// - Returns: the keys of those that were added.
  private func insert(_ messages: [ArchivedMessage], _ transaction: PostgresTransaction) async throws -> [ArchivedText] {
    if messages.isEmpty { return [] }
    let rows = try await transaction.query(
      """
      WITH added AS (
        INSERT INTO \(sql.messages) (id, sender, recipient, content, read, created_at)
        SELECT id, sender, recipient, content, read::integer, created_at
        FROM unnest($1::text[], $2::text[], $3::text[], $4::text[], $5::text[], $6::text[]) WITH ORDINALITY
          AS x (id, sender, recipient, content, read, created_at, number)
        ORDER BY number ON CONFLICT (id) DO NOTHING RETURNING id
      ), forgotten AS (
        DELETE FROM \(sql.messageDetails) WHERE message_id IN (SELECT id FROM added)
      )
      SELECT id FROM added
      """,
      [
        .textArray(messages.map(\.id.portableID)), column(messages, \.sender), column(messages, \.recipient), column(messages, \.content),
        .optionalTextArray(messages.map { $0.read.inRange }), column(messages, \.createdAt),
      ])
    return try rows.map { ArchivedText(try $0.get(0, as: String.self)) }
  }

  /// - Returns: how many keys stand for other messages here.
  private func writeDetails(of messages: [ArchivedMessage], _ transaction: PostgresTransaction) async throws -> Int {
    if messages.isEmpty { return 0 }
    let free = try await freeKeys(of: messages, \.sender, \.idempotencyKey, in: sql.messageDetails, "message_id", transaction)
    try await transaction.query(
      """
      INSERT INTO \(sql.messageDetails) AS d (message_id, sender, reply_to, task_id, idempotency_key, read_at, redelivered)
      SELECT id, sender, reply_to, task_id, key, read_at::timestamptz, redelivered::integer
      FROM unnest($1::text[], $2::text[], $3::text[], $4::text[], $5::text[], $6::text[], $7::text[])
        AS x (id, sender, reply_to, task_id, key, read_at, redelivered)
      ON CONFLICT (message_id) DO UPDATE SET sender = COALESCE(excluded.sender, d.sender), reply_to = excluded.reply_to,
        task_id = excluded.task_id, idempotency_key = excluded.idempotency_key,
        read_at = COALESCE(excluded.read_at, d.read_at), redelivered = excluded.redelivered
      """,
      [
        .textArray(messages.map(\.id.portableID)), .optionalTextArray(messages.map { $0.hasReferences ? $0.sender?.portable : nil }),
        .optionalTextArray(messages.map { $0.replyTo?.storable }), .optionalTextArray(messages.map { $0.taskID?.storable }),
        .optionalTextArray(free.keys), .optionalTextArray(messages.map(\.readAt)),
        .optionalTextArray(messages.map { $0.redelivered ? "1" : "0" }),
      ])
    return free.taken
  }

  /// The keys in the order of the records; nil for those that stand for something else in the target, or earlier in this page.
  private func freeKeys<Record: ArchiveRecord>(
    of records: [Record], _ sender: (Record) -> ArchivedText?, _ key: (Record) -> String?, in table: String, _ column: String,
    _ transaction: PostgresTransaction
  ) async throws -> (keys: [String?], taken: Int) {
    let keys = records.map { key($0)?.storable }
    guard keys.contains(where: { $0 != nil }) else { return (keys, 0) }
    let rows = try await transaction.query(
      """
      SELECT number FROM (
        SELECT x.*, row_number() OVER (PARTITION BY sender, key ORDER BY number) AS turn
        FROM unnest($1::text[], $2::text[], $3::text[]) WITH ORDINALITY AS x (id, sender, key, number) WHERE key IS NOT NULL
      ) AS x
      WHERE (sender IS NOT NULL AND turn > 1)
        OR EXISTS (SELECT 1 FROM \(table) d WHERE d.sender = x.sender AND d.idempotency_key = x.key AND d.\(column) <> x.id)
      """,
      [.textArray(records.map(\.id.portableID)), .optionalTextArray(records.map { sender($0)?.portable }), .optionalTextArray(keys)])
    let taken = Set(try rows.map { try $0.get(0, as: Int.self) - 1 })
    return (keys.enumerated().map { taken.contains($0.offset) ? nil : $0.element }, taken.count)
  }

  private func column<Record>(_ records: [Record], _ column: (Record) -> ArchivedText?) -> PostgresParameter {
    .optionalTextArray(records.map { column($0)?.portable })
  }

  public func write(_ tasks: [ArchivedTask]) async throws(BridgeError) -> ArchiveOutcome {
    let tasks = tasks.withoutRepetitions
    return try await perform { pool in
      try await pool.withTransaction(TransactionOptions(isolation: .readCommitted)) { transaction in
        try await self.limitWaiting(transaction)
        // First the locks, then what is read under them.
        try await transaction.query(
          "SELECT 1 FROM \(self.sql.tasks) WHERE id = ANY($1::text[]) ORDER BY seq FOR UPDATE", [.textArray(tasks.map(\.id.portableID))])
        let present = try await self.counterparts(of: tasks, transaction)
        let missing = tasks.filter { present[$0.key] == nil }
        let added = Set(try await self.insert(missing, transaction))
        var changed = missing.filter { added.contains($0.key) }
        var outcome = ArchiveOutcome()
        outcome.added = changed.count
        for task in tasks {
          guard let counterpart = present[task.key], counterpart.record.isBehind(task) else { continue }
          let merged = counterpart.record.merged(with: task)
          try await self.update(counterpart, to: merged, transaction)
          if counterpart.hasID { changed.append(merged) }
          outcome.updated += 1
        }
        outcome.keysTaken = try await self.writeDetails(of: changed, transaction)
        return outcome
      }
    }
  }

  private func insert(_ tasks: [ArchivedTask], _ transaction: PostgresTransaction) async throws -> [ArchivedText] {
    if tasks.isEmpty { return [] }
    let rows = try await transaction.query(
      """
      INSERT INTO \(sql.tasks) (id, sender, recipient, title, description, status, created_at, updated_at, result)
      SELECT id, sender, recipient, title, description, status, created_at, updated_at, result
      FROM unnest($1::text[], $2::text[], $3::text[], $4::text[], $5::text[], $6::text[], $7::text[], $8::text[], $9::text[])
        WITH ORDINALITY AS x (id, sender, recipient, title, description, status, created_at, updated_at, result, number)
      ORDER BY number ON CONFLICT (id) DO NOTHING RETURNING id
      """,
      [
        .textArray(tasks.map(\.id.portableID)), column(tasks, \.sender), column(tasks, \.recipient), column(tasks, \.title),
        column(tasks, \.description), column(tasks, \.status), column(tasks, \.createdAt), column(tasks, \.updatedAt),
        column(tasks, \.result),
      ])
    return try rows.map { ArchivedText(try $0.get(0, as: String.self)) }
  }

  private func update(_ present: Archived<ArchivedTask>, to task: ArchivedTask, _ transaction: PostgresTransaction) async throws {
    let before = present.record
    guard [task.status, task.updatedAt, task.result] != [before.status, before.updatedAt, before.result] else { return }
    try await transaction.query(
      "UPDATE \(sql.tasks) SET status = $2, updated_at = $3, result = $4 WHERE seq = $1",
      [.int(present.seq), .optional(task.status?.portable), .optional(task.updatedAt?.portable), .optional(task.result?.portable)])
  }

  /// In place of what the triggers have recorded.
  private func writeDetails(of tasks: [ArchivedTask], _ transaction: PostgresTransaction) async throws -> Int {
    if tasks.isEmpty { return 0 }
    let ids = tasks.map(\.id.portableID)
    let free = try await freeKeys(of: tasks, \.sender, \.idempotencyKey, in: sql.taskDetails, "task_id", transaction)
    try await transaction.query(
      """
      INSERT INTO \(sql.taskDetails)
        (task_id, sender, idempotency_key, holder, holder_process, held_until, assignee_news, creator_news)
      SELECT id, sender, key, holder, process, CASE WHEN held = '' THEN '-infinity' ELSE held::timestamptz END, assignee::integer,
        creator::integer
      FROM unnest($1::text[], $2::text[], $3::text[], $4::text[], $5::text[], $6::text[], $7::text[], $8::text[])
        AS x (id, sender, key, holder, process, held, assignee, creator)
      ON CONFLICT (task_id) DO UPDATE SET sender = excluded.sender, idempotency_key = excluded.idempotency_key, holder = excluded.holder,
        holder_process = excluded.holder_process, held_until = excluded.held_until, assignee_news = excluded.assignee_news,
        creator_news = excluded.creator_news
      """,
      [
        .textArray(ids), column(tasks, \.sender), .optionalTextArray(free.keys), .optionalTextArray(tasks.map { $0.holder?.storable }),
        .optionalTextArray(tasks.map { $0.holderProcess?.storable }), .optionalTextArray(tasks.map(\.heldUntil)),
        .optionalTextArray(tasks.map { $0.assigneeUnseen ? "1" : "0" }), .optionalTextArray(tasks.map { $0.creatorUnseen ? "1" : "0" }),
      ])
    try await transaction.query("DELETE FROM \(sql.taskEvents) WHERE task_id = ANY($1::text[])", [.textArray(ids)])
    let events = tasks.flatMap { task in task.events.map { (task.id.portableID, $0) } }
    try await transaction.query(
      """
      INSERT INTO \(sql.taskEvents) (task_id, at, actor, instance, from_status, to_status, note)
      SELECT id, at::timestamptz, actor, instance, before, after, note
      FROM unnest($1::text[], $2::text[], $3::text[], $4::text[], $5::text[], $6::text[], $7::text[])
        WITH ORDINALITY AS x (id, at, actor, instance, before, after, note, number) ORDER BY number
      """,
      [
        .textArray(events.map(\.0)), .textArray(events.map(\.1.at)), .optionalTextArray(events.map { $0.1.actor?.storable }),
        .optionalTextArray(events.map { $0.1.instance?.storable }), .optionalTextArray(events.map { $0.1.from?.storable }),
        .optionalTextArray(events.map { $0.1.to?.storable }), .optionalTextArray(events.map { $0.1.note?.storable }),
      ])
    return free.taken
  }

  public func write(_ agents: [ArchivedAgent]) async throws(BridgeError) -> ArchiveOutcome {
    let present = Dictionary(try await archivedAgents().map { ($0.name, $0) }) { first, _ in first }
    return try await perform { [sql] pool in
      try await pool.withTransaction { transaction in
        var outcome = ArchiveOutcome()
        for agent in agents {
          let merged = present[agent.name]?.merged(with: agent) ?? agent
          guard merged != present[agent.name] else { continue }
          try await transaction.query(
            """
            INSERT INTO \(sql.agents) AS a (name, added_at, last_seen, host, client)
            VALUES ($1, $2::text::timestamptz, $3::text::timestamptz, $4, $5)
            ON CONFLICT (name) DO UPDATE SET last_seen = excluded.last_seen, host = excluded.host, client = excluded.client
            WHERE COALESCE(a.last_seen, '-infinity') < excluded.last_seen
            """,
            [
              .text(merged.name.storable), .text(merged.addedAt), .optional(merged.lastSeen), .optional(merged.host?.storable),
              .optional(merged.client?.storable),
            ])
          if present[agent.name] == nil { outcome.added += 1 } else { outcome.updated += 1 }
        }
        return outcome
      }
    }
  }
}

extension [ArchivedMessage] {
  fileprivate var withoutRepetitions: [ArchivedMessage] {
    var seen = Set<ArchivedText>()
    return filter { seen.insert($0.key).inserted }
  }
}

extension [ArchivedTask] {
  fileprivate var withoutRepetitions: [ArchivedTask] {
    var seen = Set<ArchivedText>()
    return filter { seen.insert($0.key).inserted }
  }
}

extension Int? {
  /// As the column of Postgres can hold it: any number but 0 is read.
  fileprivate var inRange: String? { map { Int32(exactly: $0).map(String.init) ?? "1" } }
}

extension String {
  fileprivate var storable: String { ArchivedText(self).portable }
}
