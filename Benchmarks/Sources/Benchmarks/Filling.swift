/// Makes a store large, as years of use would: through neither the server nor the triggers' notifications.
enum Filling {
  static let messages = 1_000_000
  static let tasks = 20_000
  /// The newest tasks of `code`, which both stores have, so that the same page is listed.
  static let recentTasks = 10

  /// What `message_details` holds of each message that was read, and of each third that answers another one.
  static func sqlite(_ path: String) throws {
    let file = try SQLiteFile(path)
    // Nobody else has the file open, and what is lost in a power cut is made again.
    try file.run("PRAGMA synchronous = OFF; PRAGMA cache_size = -400000; PRAGMA temp_store = MEMORY; PRAGMA wal_autocheckpoint = 0")
    let indexes = try file.texts("SELECT sql FROM sqlite_master WHERE type = 'index' AND tbl_name = 'messages' AND sql IS NOT NULL")
    let names = try file.texts("SELECT name FROM sqlite_master WHERE type = 'index' AND tbl_name = 'messages' AND sql IS NOT NULL")
    try file.run("BEGIN IMMEDIATE")
    for name in names { try file.run("DROP INDEX \(name)") }
    let insert = try file.prepare("INSERT INTO messages VALUES (?, ?, ?, ?, ?, ?)")
    var contents = Contents()
    for number in 0..<messages {
      let (sender, recipient) = contents.sides(number, of: messages)
      try insert.run([
        contents.id(), sender, recipient, contents.text(4...30), isUnread(recipient, number) ? "0" : "1",
        Contents.time(number, of: messages),
      ])
    }
    for index in indexes { try file.run(index) }
    // The contents are words of small letters, which are their own terms.
    try file.run(
      """
      INSERT INTO message_details (message_id, sender, reply_to, read_at)
        SELECT id, sender, CASE WHEN rowid % 3 = 0 THEN lag(id) OVER (ORDER BY rowid) END, created_at FROM messages ORDER BY id;
      INSERT INTO message_terms (rowid, terms) SELECT rowid, content FROM messages;
      INSERT INTO message_terms_state SELECT 1, rowid, id FROM messages ORDER BY rowid DESC LIMIT 1;
      """)
    let insertTask = try file.prepare(
      """
      INSERT INTO tasks (id, sender, recipient, title, description, status, created_at, updated_at)
      VALUES (?, ?, ?, ?, ?, ?, ?, ?)
      """)
    for number in 0..<tasks { try insertTask.run(task(number, of: tasks, &contents)) }
    try file.run("UPDATE task_details SET assignee_news = 0, creator_news = 0; COMMIT; PRAGMA wal_checkpoint(TRUNCATE)")
  }

  /// Ten tasks, for the small store.
  static func sqliteTasks(_ path: String) throws {
    let file = try SQLiteFile(path)
    let insert = try file.prepare(
      "INSERT INTO tasks (id, sender, recipient, title, description, status, created_at, updated_at) VALUES (?, ?, ?, ?, ?, ?, ?, ?)")
    var contents = Contents()
    for number in 0..<recentTasks { try insert.run(task(number, of: recentTasks, &contents)) }
    try file.run("UPDATE task_details SET assignee_news = 0, creator_news = 0")
  }

  static func postgres(_ url: String) throws {
    let server = try PostgresServer(url)
    let drop = """
      SET search_path = cowork_bridge; SET maintenance_work_mem = '512MB'; SET session_replication_role = replica;
      CREATE TEMP TABLE indexes AS SELECT indexdef FROM pg_indexes WHERE schemaname = 'cowork_bridge' AND tablename = 'messages'
        AND indexname NOT LIKE '%_key' AND indexname NOT LIKE '%_pkey';
      DO $$ DECLARE name text; BEGIN
        FOR name IN SELECT indexname FROM pg_indexes WHERE schemaname = 'cowork_bridge' AND tablename = 'messages'
          AND indexname NOT LIKE '%_key' AND indexname NOT LIKE '%_pkey'
        LOOP EXECUTE 'DROP INDEX ' || name; END LOOP; END $$
      """
    try server.run(drop)
    var contents = Contents()
    try server.copy("COPY messages (id, sender, recipient, content, read, created_at) FROM STDIN") { put in
      for number in 0..<messages {
        let (sender, recipient) = contents.sides(number, of: messages)
        let id = contents.id()
        let read = isUnread(recipient, number) ? 0 : 1
        try put("\(id)\t\(sender)\t\(recipient)\t\(contents.text(4...30))\t\(read)\t\(Contents.time(number, of: messages))\n")
      }
    }
    try server.run(
      """
      DO $$ DECLARE statement text; BEGIN FOR statement IN SELECT indexdef FROM indexes LOOP EXECUTE statement; END LOOP; END $$;
      INSERT INTO message_details (message_id, sender, reply_to, read_at)
        SELECT id, sender, CASE WHEN seq % 3 = 0 THEN lag(id) OVER (ORDER BY seq) END, created_at::timestamptz FROM messages;
      SET session_replication_role = DEFAULT
      """)
    try postgresTasks(server, tasks, &contents)
    // As autovacuum leaves it; while it is measured, that sleeps.
    try server.run("VACUUM ANALYZE")
    try server.run("CHECKPOINT")
  }

  static func postgresTasks(_ url: String) throws {
    let server = try PostgresServer(url)
    try server.run("SET search_path = cowork_bridge")
    var contents = Contents()
    try postgresTasks(server, recentTasks, &contents)
  }

  private static func postgresTasks(_ server: PostgresServer, _ count: Int, _ contents: inout Contents) throws {
    try server.copy("COPY tasks (id, sender, recipient, title, description, status, created_at, updated_at) FROM STDIN") { put in
      for number in 0..<count { try put(task(number, of: count, &contents).joined(separator: "\t") + "\n") }
    }
    try server.run("UPDATE task_details SET assignee_news = 0, creator_news = 0")
  }

  private static func task(_ number: Int, of count: Int, _ contents: inout Contents) -> [String] {
    let isRecent = number >= count - recentTasks
    let time = Contents.time(number, of: count)
    let sides = number % 2 == 0 || isRecent ? ["cowork", "code"] : ["code", "cowork"]
    return [contents.id()] + sides + [contents.text(2...5), contents.text(10...40), isRecent ? "pending" : "completed", time, time]
  }

  /// `archivist` never reads.
  private static func isUnread(_ recipient: String, _ number: Int) -> Bool { recipient == "archivist" && number % 10 == 0 }
}
