import JSON
import MCP
import Testing

@Suite struct TaskToolTests {
  let home: TemporaryStore
  let code: Connection
  let cowork: Connection

  init() async throws {
    home = try TemporaryStore()
    code = try await .open(home)
    cowork = try await .open(home, as: "cowork")
  }

  @Test func aTaskGoesFromPendingToCompletedAndItsHistoryTells() async throws {
    let id = try await code.createTask("Review", "Look at it.", for: "cowork")
    let taken = try await move(cowork, id, "in_progress")
    #expect(taken["status"] == "in_progress" && taken["holder"]?.stringValue?.hasPrefix("cowork@") == true)
    let done = try await move(cowork, id, "completed", "all well")
    #expect(done["status"] == "completed" && done["result"] == "all well" && done["holder"] == .null)
    let shown = try await code.succeed("get_tasks", ["task_id": .string(id)])
    let history = shown["history"]?.arrayValue ?? []
    #expect(history.map { $0["to"] } == ["pending", "in_progress", "completed"])
    #expect(history.map { $0["from"] } == [.null, "pending", "in_progress"])
    #expect(history.map { $0["actor"] } == ["code", "cowork", "cowork"])
    #expect(history.last?["note"] == "all well")
    #expect(shown["tasks"]?.arrayValue?.first?["title"] == "Review")
  }

  @Test func theRolesSeeTheirSide() async throws {
    let mine = try await code.createTask("for cowork", for: "cowork")
    let theirs = try await cowork.createTask("for code", for: "code")
    #expect(ids(try await code.succeed("get_tasks")) == [theirs])
    #expect(ids(try await code.succeed("get_tasks", ["role": "assignee"])) == [theirs])
    #expect(ids(try await code.succeed("get_tasks", ["role": "creator"])) == [mine])
    _ = try await move(cowork, mine, "failed", "no")
    #expect(ids(try await code.succeed("get_tasks", ["role": "creator", "status": "failed"])) == [mine])
    #expect(ids(try await code.succeed("get_tasks", ["role": "creator", "status": "pending"])) == [])
  }

  @Test func withoutTaskIDThereIsNoHistory() async throws {
    _ = try await code.createTask(for: "cowork")
    #expect(try await cowork.succeed("get_tasks")["history"] == nil)
  }

  @Test(arguments: ["completed", "failed"], ["pending", "in_progress", "completed", "failed"])
  func anEndedTaskStaysEnded(_ end: String, _ wished: String) async throws {
    let id = try await code.createTask(for: "cowork")
    _ = try await move(cowork, id, end, "first")
    let sentence = try await cowork.fail("update_task", ["task_id": .string(id), "status": .string(wished), "result": "second"])
    #expect(sentence.contains(end), "the error names the present status: \(sentence)")
    let task = try await code.succeed("get_tasks", ["task_id": .string(id)])["tasks"]?.arrayValue?.first
    #expect(task?["status"]?.stringValue == end && task?["result"] == "first")
  }

  @Test func theSameStatusWithTheSameResultIsASuccess() async throws {
    let id = try await code.createTask(for: "cowork")
    for _ in 1...2 { #expect(try await move(cowork, id, "in_progress")["status"] == "in_progress") }
    for _ in 1...2 { #expect(try await move(cowork, id, "completed", "r")["result"] == "r") }
    #expect(try await code.succeed("get_tasks", ["task_id": .string(id)])["history"]?.arrayValue?.count == 3)
  }

  @Test func nothingBecomesPendingAgain() async throws {
    let id = try await code.createTask(for: "cowork")
    _ = try await move(cowork, id, "in_progress")
    #expect(try await cowork.fail("update_task", ["task_id": .string(id), "status": "pending"]).contains("in_progress"))
  }

  @Test func theCreatorMayOnlyEndATask() async throws {
    let id = try await code.createTask(for: "cowork")
    for status in ["in_progress", "completed"] {
      #expect(try await code.fail("update_task", ["task_id": .string(id), "status": .string(status)]).contains("cowork"))
    }
    let ended = try await move(code, id, "failed", "no longer needed")
    #expect(ended["status"] == "failed" && ended["result"]?.stringValue?.contains("code") == true)
    #expect(ended["result"]?.stringValue?.contains("no longer needed") == true)
    #expect(try await cowork.fail("update_task", ["task_id": .string(id), "status": "completed", "result": "x"]).contains("failed"))
  }

  @Test func othersNeitherSeeNorMoveATask() async throws {
    let third = try await Connection.open(home, as: "third")
    let id = try await code.createTask(for: "cowork")
    #expect(try await third.fail("get_tasks", ["task_id": .string(id)]).contains(id))
    #expect(try await third.fail("update_task", ["task_id": .string(id), "status": "completed"]).contains(id))
    #expect(try await code.fail("get_tasks", ["task_id": "nothing"]).contains("nothing"))
    await third.end()
  }

  @Test func twoConnectionsOfOneIdentityCannotBothTakeATask() async throws {
    let twin = try await Connection.open(home, as: "cowork")
    let id = try await code.createTask(for: "cowork")
    let holder = try #require(try await move(cowork, id, "in_progress")["holder"]?.stringValue)
    #expect(try await twin.fail("update_task", ["task_id": .string(id), "status": "in_progress"]).contains(holder))
    await twin.end()
  }

  @Test func whatIsOpenComesFirstAndThenTheNewestOnPages() async throws {
    var created = [String]()
    for number in 1...7 {
      let id = try await code.createTask("\(number)", for: "cowork")
      created.append(id)
      if number < 6 { _ = try await move(cowork, id, "completed", String(repeating: "r", count: 12_000)) }
    }
    var seen = [[String]]()
    var arguments: JSON = [:]
    repeat {
      let page = try await cowork.succeed("get_tasks", arguments)
      seen.append(ids(page))
      #expect(page["remaining"]?.wholeNumber == Int64(7 - seen.flatMap(\.self).count))
      #expect(page.encoded().count < 40_000)
      guard let next = page["next"] else { break }
      arguments = ["cursor": next]
    } while seen.count < 10
    #expect(seen == [[created[5], created[6], created[4], created[3]], [created[2], created[1]], [created[0]]])
    for bad in ["2", "open-", "ended-x y", created[0]] {
      #expect(try await cowork.fail("get_tasks", ["cursor": .string(bad)]).hasPrefix("cursor is not one that get_tasks returned"))
    }
  }

  @Test func aClaimIsNotBypassed() async throws {
    let twin = try await Connection.open(home, as: "cowork")
    let id = try await code.createTask(for: "cowork")
    _ = try await move(cowork, id, "in_progress")
    for _ in 1...2 {
      _ = try await twin.fail("update_task", ["task_id": .string(id), "status": "in_progress"])
      #expect(
        try await twin.fail("update_task", ["task_id": .string(id), "status": "completed", "result": "theirs"]).contains("recorded"))
    }
    #expect(try await move(cowork, id, "completed", "mine")["result"] == "mine")
    let history = try await code.succeed("get_tasks", ["task_id": .string(id)])["history"]?.arrayValue
    #expect(history?.count { $0["note"]?.stringValue?.contains("theirs") == true } == 2)
    await twin.end()
  }

  @Test func theSameKeyCreatesOnce() async throws {
    let arguments: JSON = ["to": "cowork", "title": "t", "description": "d", "idempotency_key": "k"]
    let first = try await code.succeed("create_task", arguments)
    #expect(try await code.succeed("create_task", arguments)["task_id"] == first["task_id"])
    #expect(ids(try await cowork.succeed("get_tasks")).count == 1)
    #expect(
      try await code.fail("create_task", ["to": "cowork", "title": "u", "description": "d", "idempotency_key": "k"]).contains(
        "idempotency_key"))
  }

  @Test func anIDIsFoundInAnyCase() async throws {
    let id = try await code.createTask(for: "cowork")
    #expect(try await move(cowork, id.uppercased(), "in_progress")["id"]?.stringValue == id)
  }

  private func move(_ agent: Connection, _ id: String, _ status: String, _ result: String? = nil) async throws -> JSON {
    var arguments: JSONObject = ["task_id": .string(id), "status": .string(status)]
    arguments["result"] = result.map { .string($0) }
    return try await agent.succeed("update_task", .object(arguments))
  }

  private func ids(_ result: JSON) -> [String] { (result["tasks"]?.arrayValue ?? []).compactMap { $0["id"]?.stringValue } }
}
