import Bridge
import BridgeTesting
import Foundation
import SQLiteStore
import Schema
import Testing

/// A file made by another implementation of this bridge opens, and stays usable by it.
@Suite("Files of other versions")
struct UpgradeTests {
  private static let documented = """
    CREATE TABLE messages (id TEXT PRIMARY KEY, sender TEXT NOT NULL, recipient TEXT NOT NULL, content TEXT NOT NULL,
      read INTEGER DEFAULT 0, created_at TEXT NOT NULL);
    CREATE TABLE tasks (id TEXT PRIMARY KEY, sender TEXT NOT NULL, recipient TEXT NOT NULL, title TEXT NOT NULL,
      description TEXT NOT NULL, status TEXT DEFAULT 'pending', created_at TEXT NOT NULL);
    INSERT INTO messages VALUES ('m1', 'cowork', 'code', 'read long ago', 1, '2025-01-01 00:00:00');
    INSERT INTO messages VALUES ('m2', 'cowork', 'code', 'waiting', 0, '2025-01-01 00:00:01');
    INSERT INTO tasks VALUES ('t1', 'cowork', 'code', 'open', 'd', 'pending', '2025-01-01 00:00:00');
    INSERT INTO tasks VALUES ('t2', 'cowork', 'code', 'begun', 'd', 'in_progress', '2025-01-01 00:00:00');
    INSERT INTO tasks VALUES ('t3', 'cowork', 'code', 'over', 'd', 'completed', '2025-01-01 00:00:00');
    """

  @Test func aFileWithOnlyDocumentedColumnsIsCompletedAndItsMessagesAreDelivered() async throws {
    try await withDatabase { database in
      try await database.shell.run(Self.documented)
      let store = database.store()
      let delivery = try await store.take(TakeRequest(agent: .code, includesTasks: true, instance: database.code))
      #expect(delivery.messages.map(\.content) == ["waiting"] && delivery.tasks.map(\.id) == ["t1"])
      #expect(try await store.history(HistoryQuery(agent: .code, text: "long")).messages.map(\.id) == ["m1"])
      for id in ["t1", "t2"] {
        let request = TransitionRequest(taskID: id, actor: .code, instance: database.code, status: .completed, result: "r")
        #expect(try await store.transitionTask(request).updatedAt != nil)
      }
      let tasks = try await database.shell.run("SELECT id, status, result FROM tasks ORDER BY id")
      #expect(tasks == "t1|completed|r\nt2|completed|r\nt3|completed|\n")
    }
  }

  @Test func aFileThatIsRestoredIntoAnOpenOneIsCompletedToo() async throws {
    try await withDatabase { database in
      let stores = [try await database.openStore(), try await database.openStore()]
      try await SQLiteShell(database.path + ".backup").run(Self.documented)
      try await database.shell.run(".restore '\(database.path).backup'")
      for store in stores { #expect(try await store.history(HistoryQuery(agent: .code)).messages.count == 2) }
      _ = try await stores[1].send("after")
      let delivery = try await stores[0].take(TakeRequest(agent: .code, includesTasks: true, instance: database.code))
      #expect(delivery.messages.map(\.content) == ["waiting", "after"] && delivery.tasks.map(\.id) == ["t1"])
    }
  }

  @Test(arguments: [
    "CREATE TABLE agents (name TEXT PRIMARY KEY)", "CREATE TABLE Leases (x)", "CREATE VIEW sessions AS SELECT 1",
    "CREATE TABLE messages (id TEXT PRIMARY KEY, sender, recipient, content, read, created_at) WITHOUT ROWID",
  ])
  func whatAnotherProgramHasInThePlaceOfOursIsSaidAndLeftAlone(sql: String) async throws {
    try await withDatabase { database in
      try await database.shell.run(sql)
      let store = database.store()
      let sentence = "has something of another program in the place of this one's"
      for _ in 1...2 {
        await #expect { try await store.send("x") } throws: { "\($0)".contains(sentence) && "\($0)".contains("rename that there") }
      }
      let diagnosis = await store.diagnose()
      #expect(diagnosis.state == .unusable && diagnosis.findings.contains { $0.verdict == .failure && $0.found.contains(sentence) })
      #expect(try await database.shell.run("SELECT sql FROM sqlite_master WHERE sql IS NOT NULL") == sql + "\n")
    }
  }

  @Test func namesOfTablesAreComparedAsSQLiteDoes() async throws {
    try await withDatabase { database in
      try await database.shell.run(Self.documented.replacing("TABLE tasks", with: "TABLE Tasks"))
      let store = database.store()
      #expect(try await store.tasks(TaskQuery(agent: .code, role: .assignee)).tasks.count == 3)
      #expect(await store.diagnose().state == .ready)
    }
  }

  @Test func leasesOfTheVersionBeforeGoOn() async throws {
    try await withDatabase { database in
      try await database.make(version: 2)
      try await database.shell.run(
        """
        INSERT INTO messages (id, sender, recipient, content, read) VALUES
          ('m"1', 'cowork', 'code', 'text', 1), (NULL, 'cowork', 'code', 'no id', 1), (x'FF00', 'cowork', 'code', 'blob', 1),
          ('m4', 'cowork', 'code', 'confirmed', 1), ('m5', 'cowork', 'code', 'read', 1);
        INSERT INTO tasks (id, sender, recipient, title) VALUES ('t1', 'cowork', 'code', 'task'), ('t2', 'code', 'cowork', 'told');
        UPDATE task_details SET assignee_unseen = 0;
        INSERT INTO deliveries VALUES ('expired', 'code', 'i', 'elsewhere|1|1', '{"messages":[{"row":1,"id":"m\\"1"},{"row":2,"bytes":""},
          {"row":3,"bytes":"FF00"}],"tasks":[{"task":{"row":1,"id":"t1"},"side":"assignee"}]}', '2000-01-01T00:00:00.000Z'),
          ('held', 'code', 'i', 'elsewhere|1|1', '{"messages":[{"row":4,"id":"m4"}],"tasks":[]}', '2999-01-01T00:00:00.000Z');
        """)
      let store = database.store()
      try await store.confirm("held")
      let delivery = try await store.take(TakeRequest(agent: .code, includesTasks: true, instance: database.code))
      #expect(delivery.messages.map(\.content) == ["text", "no id", "blob"] && delivery.tasks.map(\.id) == ["t1"])
      #expect(delivery.messages.first?.redelivered == true)
      #expect(try await store.message("m4", for: .code)?.readAt != nil)
      try await store.confirm(#require(delivery.lease))
      #expect(try await database.shell.run("SELECT COUNT(*) FROM leases; SELECT COUNT(*) FROM lease_items") == "0\n0\n")
    }
  }

  @Test func aFilledTextIndexOfTheVersionBeforeIsReplaced() async throws {
    try await withDatabase { database in
      try await database.make(version: 3)
      try await database.shell.run(
        """
        WITH RECURSIVE n (i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 3000)
        INSERT INTO messages SELECT 'm' || i, 'cowork', 'code', iif(i = 7, 'das Café am 天气很好', 'hay'), 1, '' FROM n;
        INSERT INTO message_index (rowid, content) SELECT rowid, content FROM messages;
        INSERT INTO message_index_state SELECT 1, rowid, id FROM messages WHERE id = 'm3000'
        """)
      let store = try await database.openStore()
      for _ in 1...2 {
        for word in ["cafe", "天气"] {
          #expect(try await store.history(HistoryQuery(agent: .code, text: word)).messages.map(\.id) == ["m7"])
        }
        _ = try await store.giveBackSpace()
      }
      // A program of the version before finds that nothing is indexed, and scans.
      #expect(
        try await database.shell.run(
          "SELECT COUNT(*) FROM message_index_state; SELECT COUNT(*) FROM sqlite_master WHERE name = 'message_index'") == "0\n0\n")
    }
  }

  @Test func newsOfTheVersionBeforeIsTold() async throws {
    try await withDatabase { database in
      try await database.make(version: 3)
      try await database.shell.run(
        """
        INSERT INTO tasks (id, sender, recipient, title) VALUES ('new', 'cowork', 'code', 'x'), ('taken', 'cowork', 'code', 'x'),
          ('told', 'cowork', 'code', 'x');
        UPDATE task_details SET assignee_news = 0 WHERE task_id <> 'new';
        UPDATE tasks SET status = 'in_progress' WHERE id = 'told';
        INSERT INTO leases VALUES ('l', 'code', 'i', 'elsewhere|1|1', '2000-01-01T00:00:00.000Z');
        INSERT INTO lease_items SELECT 'l', 'assignee', rowid, id FROM tasks WHERE id = 'taken'
        """)
      let store = database.store()
      for (instance, told) in [(database.code, ["new", "taken"]), (database.cowork, ["told"])] {
        let delivery = try await store.take(TakeRequest(agent: instance.agent, includesTasks: true, instance: instance))
        #expect(delivery.tasks.map(\.id) == told)
        #expect(try await store.unreadCounts(for: instance.agent).tasks == 0)
      }
    }
  }

  @Test func theOtherImplementationCanStillWriteIntoTheCompletedFile() async throws {
    try await withDatabase { database in
      try await database.shell.run(Self.documented)
      let store = try await database.openStore()
      try await database.shell.run("INSERT INTO messages VALUES ('m3', 'cowork', 'code', 'as before', 0, '2025-01-02 00:00:00')")
      try await database.shell.run(
        "INSERT INTO tasks (id, sender, recipient, title, description, status, created_at) "
          + "VALUES ('t4', 'cowork', 'code', 'as before', 'd', 'pending', '2025-01-02 00:00:00')")
      #expect(try await store.look() == ["waiting", "as before"])
      #expect(try await store.take(TakeRequest(agent: .code, includesTasks: true, instance: nil)).tasks.map(\.id) == ["t1", "t4"])
    }
  }

  @Test func aTableOfMessagesAloneIsCompletedAsWell() async throws {
    try await withDatabase { database in
      try await database.shell.run(
        "CREATE TABLE messages (id TEXT PRIMARY KEY, sender TEXT, recipient TEXT, content TEXT, read BOOLEAN DEFAULT 0, created_at DATETIME);"
          + "INSERT INTO messages VALUES ('m', 'cowork', 'code', 'kept', 0, 1735689600)")
      #expect(try await database.store().look() == ["kept"])
    }
  }

  @Test func aNewerSchemaIsRefusedWithBothNumbersAndTheFileIsLeftAlone() async throws {
    try await withDatabase { database in
      try await database.openStore().close()
      try await database.shell.run("INSERT INTO bridge_schema VALUES (999, ''); PRAGMA journal_mode = DELETE")
      let before = try Data(contentsOf: URL(fileURLWithPath: database.path))
      let files = try FileManager.default.contentsOfDirectory(atPath: database.folder.path)
      let error = await #expect(throws: BridgeError.self) { try await database.store().send("no") }
      #expect(error?.code == .storeTooNew)
      let newest = Schema.sqlite.last?.version ?? 0
      for word in ["999", "\(newest)", database.path, "newer"] { #expect(error?.message.contains(word) == true, "\(word)") }
      #expect(try Data(contentsOf: URL(fileURLWithPath: database.path)) == before)
      #expect(try FileManager.default.contentsOfDirectory(atPath: database.folder.path) == files)
    }
  }

  @Test func aFileOfTheFirstSchemaIsUpgradedAndKeepsItsContents() async throws {
    try await withDatabase { database in
      try await database.make(version: 1)
      try await database.shell.run("INSERT INTO messages (id, sender, recipient, content) VALUES ('1', 'cowork', 'code', 'kept')")
      #expect(try await database.store().look() == ["kept"])
      try await withDatabase { fresh in
        _ = try await fresh.openStore()
        let shape = "SELECT name, sql FROM sqlite_master ORDER BY name"
        #expect(try await database.shell.run(shape) == fresh.shell.run(shape))
      }
      let versions = try await database.shell.run("SELECT version FROM bridge_schema")
      #expect(versions == Schema.sqlite.map { "\($0.version)\n" }.joined())
    }
  }

  @Test func anOpenStoreContinuesWhenAnotherProcessMigrates() async throws {
    try await withDatabase { database in
      let store = try await database.openStore()
      _ = try await store.send("before")
      #expect(try await store.look() == ["before"])
      try await database.shell.run(
        "CREATE TABLE theirs (a); CREATE INDEX theirs_too ON messages (created_at); ALTER TABLE message_details ADD COLUMN later TEXT")
      _ = try await store.send("after")
      #expect(try await store.look() == ["before", "after"])
      #expect(try await store.history(HistoryQuery(agent: .code, text: "after")).messages.count == 1)
    }
  }
}

extension Database {
  /// A file as this program made it when its schema had this version.
  fileprivate func make(version: Int) async throws {
    try await shell.run("CREATE TABLE bridge_schema (version INTEGER PRIMARY KEY, applied_at TEXT NOT NULL)")
    for migration in Schema.sqlite.prefix(version) {
      try await shell.run("\n" + migration.sql)
      try await shell.run("INSERT INTO bridge_schema VALUES (\(migration.version), '')")
    }
  }
}
