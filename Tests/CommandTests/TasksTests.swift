import Foundation
import ProcessTesting
import Testing

@Suite struct TasksTests {
  let sandbox: Sandbox
  init() throws { sandbox = try Sandbox() }

  private func create(_ title: String = "Review", _ description: String = "the page") async throws -> String {
    try await sandbox.run("tasks", "create", "cowork", title, description, "--json").json.text("task_id")
  }

  @Test func creatingTellsTheID() async throws {
    let created = try await sandbox.run("tasks", "create", "cowork", "Review", "-", input: "line one\nline two\n")
    #expect(created.status == 0)
    #expect(created.output.contains("Created for cowork, which is offline and will find it; it is pending."))
    let row = try await sandbox.sqlite3("SELECT id, hex(description) FROM tasks").split(separator: "|")
    #expect(created.output.contains(try #require(row.first)))
    #expect(row.last == "6C696E65206F6E650A6C696E652074776F")
    let json = try await sandbox.run("tasks", "create", "cowork", "Again", "--json").json
    #expect(json.objectValue?.keys == ["task_id", "status", "created_at", "recipient_online"])
  }

  @Test func aKeyCreatesOnce() async throws {
    for _ in 1...2 { #expect(try await sandbox.run("tasks", "create", "cowork", "Once", "--key", "k").status == 0) }
    #expect(try await sandbox.sqlite3("SELECT COUNT(*) FROM tasks") == "1")
  }

  @Test func listingShowsEachSide() async throws {
    let id = try await create()
    let assigned = try await sandbox.run("tasks", "--as", "cowork").output.split(separator: "\n")
    #expect(assigned.count == 2)
    #expect(assigned.first?.split(separator: " ") == ["ID", "STATUS", "FROM", "TITLE", "CHANGED"])
    #expect(assigned.last?.split(separator: " ").prefix(4) == [Substring(id), "pending", "code", "Review"])
    let created = try await sandbox.run("tasks", "list", "--role", "creator").output
    #expect(created.contains("  TO ") && created.contains(id) && created.contains("  cowork  "))
    #expect(try await sandbox.run("tasks", "list").output == "No such tasks assigned to code.\n")
    #expect(try await sandbox.run("tasks", "--as", "cowork", "--status", "failed", "--json").json.list("tasks").isEmpty)
  }

  @Test func aLimitLeavesTheRest() async throws {
    for title in ["one", "two"] { _ = try await create(title) }
    let listed = try await sandbox.run("tasks", "--as", "cowork", "--limit", "1")
    #expect(listed.output.contains("one") && !listed.output.contains("two"))
    let cursor = try await sandbox.run("tasks", "--as", "cowork", "--limit", "1", "--json").json.text("next")
    #expect(listed.output.contains("1 more task: --cursor \(cursor)\n"))
    let rest = try await sandbox.run("tasks", "--as", "cowork", "--cursor", cursor).output
    #expect(rest.contains("two") && !rest.contains("one") && !rest.contains("more task"))
    #expect(try await sandbox.run("tasks", "--cursor", "2").errors.hasPrefix("cursor is not one that get_tasks returned"))
    #expect(try await sandbox.run("tasks", "--limit", "0").status == 64)
  }

  @Test func aTaskGoesItsWay() async throws {
    let id = try await create()
    let taken = try await sandbox.run("tasks", "update", id, "in_progress", "--as", "cowork", "--json").json
    #expect(taken["status"] == "in_progress")
    // Outside of a session nobody lives who holds it.
    #expect(taken["stale"] == true)
    let done = try await sandbox.run(
      "tasks", "update", id, "completed", "--as", "cowork", "--result", "-", input: "fine\n")
    #expect(done.output.contains("  status      completed\n"))
    #expect(done.output.contains("  result\n    fine\n"))
    let shown = try await sandbox.run("tasks", "show", id)
    #expect(shown.output.contains("pending → in_progress  by cowork\n"))
    #expect(shown.output.contains("in_progress → completed  by cowork\n      fine\n"))
    let history = try await sandbox.run("tasks", "show", id, "--json").json.list("history")
    #expect(history.map { $0["to"] } == ["pending", "in_progress", "completed"])
  }

  /// Two scripts with one identity.
  @Test func aClaimThatIsMadeInASessionHolds() async throws {
    let id = try await create()
    let server = try await sandbox.serve("cowork", environment: ["COWORK_SESSION": "desk"])
    func take(in session: String) async throws -> Outcome {
      try await sandbox.run("tasks", "update", id, "in_progress", "--as", "cowork", environment: ["COWORK_SESSION": session])
    }
    #expect(try await take(in: "desk").status == 0)
    for session in ["", "another"] {
      let second = try await take(in: session)
      #expect(second.status == 1)
      #expect(second.errors.hasPrefix("Task \(id) is in_progress already, held by cowork@"))
    }
    #expect(try await take(in: "desk").status == 0)
    let ended = try await server.call("update_task", ["task_id": .string(id), "status": "completed"])
    #expect(ended["status"] == "completed")
    #expect(await server.end() == .exited(0))
  }

  @Test func onlyATakeOverGetsATaskFromAServerAtWork() async throws {
    let id = try await create()
    let server = try await sandbox.serve("cowork")
    _ = try await server.call("update_task", ["task_id": .string(id), "status": "in_progress"])
    let update = ["tasks", "update", id, "completed", "--as", "cowork", "--result", "mine"]
    for _ in 1...2 {
      let refused = try await sandbox.run(update)
      #expect(refused.status == 1 && refused.errors.contains("held by cowork@") && refused.errors.contains("recorded in its history"))
    }
    #expect(try await sandbox.run(update + ["--take-over"]).output.contains("  status      completed\n"))
    let late = try await server.beginCall("update_task", ["task_id": .string(id), "status": "failed", "result": "theirs"]).result()
    #expect(late["isError"] == true)
    let history = try await sandbox.run("tasks", "show", id, "--json").json.list("history").map { $0["note"]?.stringValue }
    #expect(history.count == 6 && history[2...3] == ["refused result (completed): mine", "refused result (completed): mine"])
    #expect(history[4]?.hasPrefix("taken over from cowork@") == true && history[4]?.hasSuffix(", as a person wanted: mine") == true)
    #expect(history[5] == "refused result (failed): theirs")
    #expect(await server.end() == .exited(0))
  }

  @Test func whatIsRefusedIsOneSentence() async throws {
    let id = try await create()
    let pushed = try await sandbox.run("tasks", "update", id, "completed")
    #expect(pushed.status == 1)
    #expect(pushed.errors.hasPrefix("Task \(id) is assigned to cowork, and only the assignee moves it"))
    #expect(try await sandbox.run("tasks", "show", "nothing").errors.hasPrefix("There is no task \"nothing\""))
    #expect(try await sandbox.run("tasks", "update", id, "done").status == 64)
    #expect(try await sandbox.run("tasks", "create", "No Name", "x").status == 64)
    #expect(try await sandbox.run("tasks", "create", "cowork", "").errors == "title is empty: write at least one character.\n")
  }

  @Test(arguments: [["list"], ["show"]])
  func lookingCountsAsSeenUnlessPeeking(_ command: [String]) async throws {
    let id = try await create()
    let arguments = ["tasks"] + command + (command == ["show"] ? [id] : []) + ["--as", "cowork"]
    func news() async throws -> Int32 { try await sandbox.run("wait", "--as", "cowork", "--timeout", "0").status }
    #expect(try await sandbox.run(arguments + ["--peek"]).status == 0)
    #expect(try await news() == 0)
    let broken = try await sandbox.run(arguments, output: LinePipe.broken())
    #expect(broken.status == 1)
    #expect(try await news() == 0)
    #expect(try await sandbox.run(arguments).status == 0)
    #expect(try await news() == 3)
  }

  @Test func peersCannotSteerTheTerminal() async throws {
    let id = try await create("\u{1B}[31mred\nline", "a\u{1B}c")
    let listed = try await sandbox.run("tasks", "--as", "cowork").output
    #expect(listed.contains("␛[31mred␊line"))
    let shown = try await sandbox.run("tasks", "show", id).output
    #expect(shown.contains("    a␛c\n"))
    #expect(!(listed + shown).unicodeScalars.contains("\u{1B}"))
  }
}
