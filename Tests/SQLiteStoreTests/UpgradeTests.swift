import Bridge
import BridgeTesting
import Foundation
import SQLiteStore
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
      let error = await #expect(throws: BridgeError.self) { try await database.store().send("no") }
      #expect(error?.code == .storeTooNew)
      for word in ["999", "2", database.path, "newer"] { #expect(error?.message.contains(word) == true, "\(word)") }
      #expect(try Data(contentsOf: URL(fileURLWithPath: database.path)) == before)
      #expect(try FileManager.default.contentsOfDirectory(atPath: database.folder.path) == ["messages.db"])
    }
  }

  @Test func aFileOfTheFirstSchemaIsUpgradedAndKeepsItsContents() async throws {
    try await withDatabase { database in
      let first = try await database.openStore()
      _ = try await first.send("kept")
      await first.close()
      let added = ["messages_of_sender", "messages_of_recipient", "tasks_of_recipient", "tasks_of_sender", "tasks_open"]
      try await database.shell.run(
        added.map { "DROP INDEX \($0)" }.joined(separator: "; ") + "; DELETE FROM bridge_schema WHERE version > 1")
      let second = try await database.openStore()
      #expect(try await second.look() == ["kept"])
      let indexes = try await database.shell.run("SELECT name FROM sqlite_master WHERE type = 'index'").split(separator: "\n").map(
        String.init)
      #expect(Set(added).isSubset(of: indexes))
      #expect(try await database.shell.run("SELECT version FROM bridge_schema") == "1\n2\n")
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
