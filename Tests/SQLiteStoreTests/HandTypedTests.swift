import Bridge
import BridgeTesting
import Foundation
import ProcessTesting
import SQLiteStore
import Testing

/// Every documented `sqlite3` command works in both directions, on the default file.
@Suite("Documented sqlite3 commands")
struct HandTypedTests {
  /// A home folder in which the bridge has created its file.
  private func withHome(_ body: (SQLiteStore, _ type: (String) async throws -> String) async throws -> Void) async throws {
    try await withDatabase(".cowork-code-mcp/messages.db") { database in
      let store = try await database.openStore()
      try await body(store) { command in
        // A stand-in if uuidgen is not installed; the command itself stays as documented.
        let uuidgen = "command -v uuidgen > /dev/null || uuidgen() { cat /proc/sys/kernel/random/uuid; }; "
        return try await Shell.run(["bash", "-c", uuidgen + command], environment: ["HOME": database.folder.path])
      }
    }
  }

  @Test func aHandTypedMessageArrives() async throws {
    try await withHome { store, type in
      _ = try await type(
        #"sqlite3 ~/.cowork-code-mcp/messages.db "INSERT INTO messages (id, sender, recipient, content, read, created_at) VALUES ('$(uuidgen)', 'cowork', 'code', 'hi', 0, datetime('now'));""#
      )
      let message = try #require(try await store.take(TakeRequest(agent: .code, instance: nil)).messages.first)
      #expect(message.content == "hi" && message.sender == "cowork" && message.id?.count == 36)
      #expect(message.createdAt?.wholeMatch(of: #/\d{4}-\d\d-\d\d \d\d:\d\d:\d\d/#) != nil)
    }
  }

  @Test func aPersonSeesAnUnreadMessageOfAnAgent() async throws {
    try await withHome { store, type in
      let select = #"sqlite3 ~/.cowork-code-mcp/messages.db "SELECT * FROM messages WHERE recipient='code' AND read=0;""#
      let receipt = try await store.send("hello")
      #expect(try await type(select) == "\(receipt.messageID)|cowork|code|hello|0|\(receipt.createdAt)\n")
      _ = try await store.take(TakeRequest(agent: .code, instance: Instance(agent: .code)))
      #expect(try await type(select) == "")
    }
  }

  @Test func aTaskThatIsReplacedIsNewsAndWakes() async throws {
    try await withHome { store, type in
      let replace =
        #"sqlite3 ~/.cowork-code-mcp/messages.db "#
        + #""INSERT OR REPLACE INTO tasks (id, sender, recipient, title, status) VALUES ('t', 'cowork', 'code', 'x', 'STATUS');""#
      let (code, cowork) = (Instance(agent: .code), Instance(agent: .cowork))
      for status in ["pending", "pending", "completed"] {
        let wakeUps = store.wakeUps(for: .code, .waiting)
        _ = try await type(replace.replacing("STATUS", with: status))
        for await _ in wakeUps where try await store.unreadCounts(for: status == "completed" ? .cowork : .code).tasks == 1 { break }
        let told = try await store.take(
          TakeRequest(agent: status == "completed" ? .cowork : .code, includesTasks: true, instance: status == "completed" ? cowork : code))
        #expect(told.tasks.map(\.status) == [status])
        if status == "pending" {
          _ = try await store.transitionTask(TransitionRequest(taskID: "t", actor: .code, instance: code, status: .inProgress))
        }
      }
      #expect(try await store.task("t", for: .code, instance: nil).task.holder == nil)
    }
  }

  @Test func aHandTypedTaskIsNewsAndItsEndCanBeQueried() async throws {
    try await withHome { store, type in
      _ = try await type(
        #"sqlite3 ~/.cowork-code-mcp/messages.db "INSERT INTO tasks (id, sender, recipient, title, status, description, created_at, updated_at) VALUES ('$(uuidgen)', 'cowork', 'code', 'Fix it', 'pending', 'All', datetime('now'), datetime('now'));""#
      )
      let me = Instance(agent: .code)
      let task = try #require(try await store.take(TakeRequest(agent: .code, includesTasks: true, instance: me)).tasks.first)
      let id = try #require(task.id)
      #expect(task.title == "Fix it" && task.status == "pending")
      _ = try await store.transitionTask(
        TransitionRequest(taskID: id.lowercased(), actor: .code, instance: me, status: .completed, result: "Fixed"))
      #expect(
        try await type(#"sqlite3 ~/.cowork-code-mcp/messages.db "SELECT status, result FROM tasks WHERE id='\#(id)';""#)
          == "completed|Fixed\n")
    }
  }

  @Test func aTaskEndedByHandWakesItsCreatorAndItsHistoryNamesNobody() async throws {
    try await withHome { store, type in
      let id = try await store.createTask(NewTask(sender: .cowork, recipient: .code, title: "t", description: "d")).taskID
      let creator = Instance(agent: .cowork)
      let request = TakeRequest(agent: .cowork, includesTasks: true, instance: creator)
      let wakeUps = store.wakeUps(for: .cowork, .waiting)
      #expect(try await store.take(request).isEmpty)
      _ = try await type(
        #"sqlite3 ~/.cowork-code-mcp/messages.db "UPDATE tasks SET status='completed', result='ok' WHERE id='\#(id)';""#)
      let told = try await Hints.until(wakeUps) { try await store.take(request).tasks.first }
      #expect(told?.status == "completed" && told?.result == "ok")
      let last = try await store.task(id, for: .cowork, instance: nil).history.last
      #expect(last?.to == "completed" && last?.actor == nil)
    }
  }

  @Test func anInsertWithoutAColumnListWorks() async throws {
    try await withDatabase { database in
      let store = try await database.openStore()
      try await database.shell.run("INSERT INTO messages VALUES ('m', 'cowork', 'code', 'six values', 0, datetime('now'))")
      try await database.shell.run(
        "INSERT INTO tasks VALUES ('t', 'cowork', 'code', 'nine values', 'd', 'pending', datetime('now'), datetime('now'), NULL)")
      #expect(try await store.look() == ["six values"])
      #expect(try await store.tasks(TaskQuery(agent: .code)).tasks.map(\.title) == ["nine values"])
      let messages = try await database.shell.run("SELECT group_concat(name, ' ') FROM pragma_table_info('messages')")
      let tasks = try await database.shell.run("SELECT group_concat(name, ' ') FROM pragma_table_info('tasks')")
      #expect(messages == "id sender recipient content read created_at\n")
      #expect(tasks == "id sender recipient title description status created_at updated_at result\n")
    }
  }
}
