import Bridge
import PostgresClient
import PostgresTesting
import Testing

@testable import PostgresStore

@Suite("A mailbox with many read messages is as quick as an empty one", .timeLimit(.minutes(10)))
struct PlanTests {
  @Test func unreadMessagesAreFoundByAnIndexThatHoldsNoReadOnes() async throws {
    try await Turnstile.shared.pass {
      let database = try await Servers.database()
      let store = try PostgresStore.postgres(database.url)
      _ = try await store.agents()
      try await database.psql(
        """
        SET search_path = cowork_bridge;
        INSERT INTO messages (sender, recipient, content, read) SELECT 'cowork', 'code', 'x', 1 FROM generate_series(1, 50000);
        INSERT INTO messages (sender, recipient, content) VALUES ('cowork', 'code', 'unread');
        ANALYZE messages
        """)
      let size = try await database.psql("SELECT pg_relation_size('cowork_bridge.messages_unread')")
      #expect(size == "16384\n", "bytes of the index")
      let plan = try await database.psql(
        """
        EXPLAIN SELECT seq FROM cowork_bridge.messages m
          WHERE m.recipient = 'code' AND COALESCE(m.read, 0) = 0 ORDER BY m.seq LIMIT 50 FOR UPDATE SKIP LOCKED
        """)
      #expect(plan.contains("messages_unread") && !plan.contains("Seq Scan on messages"), "\(plan)")
      await store.close()
    }
  }

  /// Functions keep plans that serve any values, so these must suit a large store. An index that is read from end to end is a scan, too. Only
  /// what is the agent's own may be read as a whole: 20,000 tasks to list and to count, and 11,111 news.
  @Test(arguments: [
    "send('cowork', 'code', 'x', 'm7', 't7', 'key')", "send('cowork', 'code', 'x', idempotency_key => 'key')",
    "send_to_all('cowork', 'x', 'm7', 't7', 'key')",
    "take('code', 'l1', 'i', 'h|1|1', 60, '{}', '{}', false, NULL, true, 50, 34000, false, '{}', NULL, false)",
    "take('code', 'l1', 'i', 'h|1|1', 60, '{}', '{}', false, NULL, true, 50, 34000, false, '{}', 'm7', true)", "confirm('l1')",
    "undo('l1')",
    "renew('{l1}', 60)",
    "recover('h|1|1')", "look('code', 'h|1|1', '{}', '{}', NULL, true, 50, 34000, false, '{}')", "inbox('code')", "unread('code')",
    "agents()",
    "message('code', 'M7')", "message('code', 'beginning')", "task('code', 'beginning')", "history('code')",
    "history('code', with_agent => 'cowork')", "history('code', about_task => 't7')", "history('code', before => 'm7')",
    "create_task('cowork', 'code', 't', 'd', 'key')", "tasks('code')", "tasks('cowork', 'creator', 'completed')", "task('code', 'T7')",
    "tasks('code', lease => 'l2', instance => 'i')", "agents(30, 'c', 'code', 50)", "remove_agent('code', true)", "unread('cowork')",
    "tasks('cowork', 'creator', 'failed', NULL, 9223372036854775807, 50, 34000)", "sessions_of(NULL)", "set_aside('code')",
    "set_aside_by_agent()", "deliver_again('code', 'm7')", "task_state('code', 't7', 'i')",
    """
    task_state('code', 'open', 'i') s, change_task('code', 'open', s.version, 'in_progress', NULL, 'take', 'i', '0123456789', 'h|1|1', 600, true,
      'pending', 'in_progress', NULL, false, true, '{}', false)
    """,
    "heartbeat('code', 'i', 'h', 'h|1|1', NULL, 600, 30, '0123456789', 's', '')", "sign_off('code', 'i', 'h', NULL, '0123456789')",
  ])
  func noVerbReadsATableAsAWhole(_ call: String) async throws {
    let database = try await Self.large.value
    let connection = try await PostgresConnection.connect(ConnectionSettings(database.url))
    try await connection.execute("SET search_path = cowork_bridge; SET plan_cache_mode = force_generic_plan; BEGIN")
    try await connection.query("SELECT count(*) FROM \(call)")
    let scans = try await connection.query(
      """
      SELECT format('%s: %s scans, %s rows by an index', relname, seq_scan, idx_tup_fetch) FROM pg_stat_xact_user_tables
        WHERE schemaname = 'cowork_bridge' AND (seq_scan > 0 OR idx_tup_fetch >
          CASE relname WHEN 'tasks' THEN 41000 WHEN 'task_details' THEN 12000 ELSE 500 END)
        AND relname IN ('messages', 'message_details', 'tasks', 'task_details', 'task_events')
      """)
    let found = try scans.map { try $0.get(0, as: String.self) }
    #expect(found == [], "\(call): \(found)")
    await connection.close()
  }

  /// Compiling a plan, or making one for each call, takes longer than the verb.
  @Test func noVerbIsCompiledAndTheFrequentOnesKeepTheirPlans() async throws {
    let database = try await Self.large.value
    func verbs(without setting: String) async throws -> Set<Substring> {
      Set(
        try await database.psql(
          """
          SELECT proname FROM pg_proc WHERE pronamespace = 'cowork_bridge'::regnamespace AND prosecdef AND NOT proconfig @> '{\(setting)}'
          """
        ).split(separator: "\n"))
    }
    #expect(try await verbs(without: "jit=off") == [])
    let frequent: Set<Substring> = ["send", "take", "confirm", "unread", "heartbeat", "create_task", "change_task"]
    #expect(try await verbs(without: "plan_cache_mode=force_generic_plan").isDisjoint(with: frequent))
  }

  private static let large = Task {
    let database = try await Servers.database()
    let store = try PostgresStore.postgres(database.url)
    _ = try await store.agents()
    await store.close()
    try await database.psql(
      """
      SET search_path = cowork_bridge;
      INSERT INTO messages (id, sender, recipient, content, read) SELECT 'm' || i, 'cowork', 'code', 'x', 1 FROM generate_series(1, 50000) i;
      INSERT INTO message_details (message_id) SELECT id FROM messages;
      INSERT INTO tasks (id, sender, recipient, title, status) SELECT 't' || i, 'cowork', 'code', 'x', 'completed' FROM generate_series(1, 20000) i;
      UPDATE task_details SET assignee_news = 0, creator_news = (task_id < 't2')::integer;
      INSERT INTO messages (id, sender, recipient, content) VALUES ('new', 'cowork', 'code', 'x');
      INSERT INTO tasks (id, sender, recipient, title) VALUES ('open', 'cowork', 'code', 'x');
      ANALYZE
      """)
    return database
  }

  /// A table that has grown since it was analyzed, as while messages are copied into it, looks small; so it does to a plan that was made before.
  @Test func theNewestMessagesAreFoundByAnIndexWhateverTheStatisticsSay() async throws {
    try await Turnstile.shared.pass {
      let database = try await Servers.database()
      let store = try PostgresStore.postgres(database.url)
      _ = try await store.agents()
      try await database.psql("VACUUM ANALYZE cowork_bridge.messages, cowork_bridge.message_details")
      let rows = try await database.psql(
        """
        SET search_path = cowork_bridge;
        ALTER TABLE messages SET (autovacuum_enabled = false);
        ALTER TABLE message_details SET (autovacuum_enabled = false);
        SET plan_cache_mode = force_generic_plan;
        DO $$ BEGIN PERFORM history('code', '{hay}'); END $$;
        INSERT INTO messages (id, sender, recipient, content, read) SELECT 'm' || i, 'cowork', 'code', 'hay', 1 FROM generate_series(1, 20000) i;
        INSERT INTO message_details (message_id) SELECT id FROM messages;
        DO $$ BEGIN PERFORM set_config('test.found', count(*)::text, true) FROM history('code', '{hay}'); END $$;
        SELECT current_setting('test.found')::bigint UNION ALL
          SELECT idx_tup_fetch FROM pg_stat_xact_user_tables WHERE relid IN ('messages'::regclass, 'message_details'::regclass)
        """
      ).split(separator: "\n").compactMap { Int($0) }
      #expect(rows.count == 3 && rows[0] == 20 && rows.dropFirst().allSatisfy { $0 < 500 }, "\(rows)")
      await store.close()
    }
  }

  @Test func theWholeHistoryIsSearchedFromTheNewestMessageOn() async throws {
    try await Turnstile.shared.pass {
      let database = try await Servers.database()
      let store = try PostgresStore.postgres(database.url)
      _ = try await store.agents()
      try await database.psql(
        """
        SET search_path = cowork_bridge;
        INSERT INTO messages (id, sender, recipient, content, read)
          SELECT 'm' || i, CASE i % 5 WHEN 0 THEN 'code' ELSE 'cowork' END, CASE i % 5 WHEN 0 THEN 'other' ELSE 'code' END,
            CASE WHEN i % 5000 = 0 THEN 'needle ' WHEN i % 50 = 7 THEN 'pin ' ELSE 'hay ' END || i, 1
          FROM generate_series(1, 60000) AS i;
        ANALYZE messages
        """)
      let needles = stride(from: 60_000, to: 0, by: -5_000).map { "needle \($0)" }
      for other in [String?.none, "other"] {
        var (found, before) = ([String?](), String?.none)
        repeat {
          let page = try await store.history(HistoryQuery(agent: .code, text: "needle", with: other, before: before, limit: 5))
          found += page.messages.map(\.content)
          before = page.more ? page.messages.last?.id : nil
        } while before != nil
        #expect(found == needles)
      }
      let pins = try await store.history(HistoryQuery(agent: .code, text: "pin", limit: 20))
      #expect(pins.messages.map(\.content) == (0..<20).map { "pin \(59_957 - 50 * $0)" } && pins.more)
      let common = try await store.history(HistoryQuery(agent: .code, text: "h", limit: 3))
      #expect(common.messages.map(\.content) == ["hay 59999", "hay 59998", "hay 59997"] && common.more)
      await store.close()
    }
  }

  @Test func aSearchReadsFewPagesOfWordsThatWaitForTheIndex() async throws {
    let database = try await Servers.database()
    let store = try PostgresStore.postgres(database.url)
    _ = try await store.agents()
    try await database.psql(
      """
      SET search_path = cowork_bridge;
      ALTER TABLE messages SET (autovacuum_enabled = off);
      INSERT INTO messages (sender, recipient, content)
        SELECT 'cowork', 'code', (SELECT string_agg(md5(i || ' ' || j), ' ') FROM generate_series(1, 20) AS j) FROM generate_series(1, 3000) AS i
      """)
    let plan = try await database.psql(
      """
      SET enable_seqscan = off;
      EXPLAIN (ANALYZE, BUFFERS) SELECT FROM cowork_bridge.messages m WHERE cowork_bridge.words_of(m.content) @@ 'needle'::tsquery
      """)
    let pages = try #require(plan.firstMatch(of: /Buffers: shared hit=(\d+)/).flatMap { Int($0.1) }, "\(plan)")
    #expect(plan.contains("messages_words") && pages <= 60, "\(plan)")
    await store.close()
  }

  /// A row that one transaction changes again and again takes longer each time.
  @Test func eventsThatComeTogetherChangeTheirTasksOnce() async throws {
    let database = try await Servers.database()
    let store = try PostgresStore.postgres(database.url)
    var tasks: [String] = []
    for _ in 1...2 {
      tasks.append(try await store.createTask(NewTask(sender: .cowork, recipient: .code, title: "t", description: "")).taskID)
    }
    let connection = try await PostgresConnection.connect(ConnectionSettings(database.url))
    let changes: Int = try await connection.withTransaction { transaction in
      try await transaction.query(
        """
        INSERT INTO cowork_bridge.task_events (task_id, at, from_status, to_status)
          SELECT task, '2026-01-01Z'::timestamptz + i * interval '1 second', 'pending', CASE WHEN i < 500 THEN 'in_progress' ELSE task_status END
          FROM generate_series(1, 500) AS i, (VALUES ($1, 'completed'), ($2, 'pending')) AS t (task, task_status)
        """, [.text(tasks[0]), .text(tasks[1])])
      return try await transaction.query("SELECT n_tup_upd FROM pg_stat_xact_user_tables WHERE relname = 'task_details'").only.get(0)
    }
    #expect(changes == 2)
    // The last one counts.
    let details = try await connection.query(
      "SELECT COALESCE(open_status, '-') FROM cowork_bridge.task_details WHERE news_at = '2026-01-01 00:08:20Z' ORDER BY seq")
    #expect(try details.map { try $0.get(0, as: String.self) } == ["-", "pending"])
    await connection.close()
    await store.close()
  }

  @Test func timesThatAreWrittenAreTextInOneForm() async throws {
    let database = try await Servers.database()
    let store = try PostgresStore.postgres(database.url)
    let receipt = try await store.send(NewMessage(sender: .cowork, recipient: .code, content: "x"))
    #expect(receipt.createdAt.wholeMatch(of: /\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z/) != nil)
    #expect(try await database.psql("SELECT created_at FROM cowork_bridge.messages") == receipt.createdAt + "\n")
    await store.close()
  }
}
