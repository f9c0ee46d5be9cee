import JSON
import MCP
import Testing

@Suite struct MessageToolTests {
  let home: TemporaryStore
  let code: Connection
  let cowork: Connection

  init() async throws {
    home = try TemporaryStore()
    code = try await .open(home)
    cowork = try await .open(home, as: "cowork")
  }

  @Test func messagesAreReadInTheOrderInWhichTheyWereSentAndOnlyOnce() async throws {
    for number in 1...5 { try await code.send("\(number)", to: "cowork") }
    let read = try await cowork.succeed("read_messages", ["limit": 3])
    #expect(contents(read) == ["1", "2", "3"])
    #expect(read["remaining"] == 2)
    let rest = try await cowork.succeed("read_messages")
    #expect(contents(rest) == ["4", "5"])
    #expect(rest["remaining"] == 0)
    #expect(contents(try await cowork.succeed("read_messages")) == [])
    #expect(
      rest["messages"]?.arrayValue?.allSatisfy { $0["redelivered"] == false && $0["sender"] == "code" && $0["recipient"] == "cowork" }
        == true)
  }

  @Test func lookingDoesNotMarkRead() async throws {
    try await code.send("x", to: "cowork")
    #expect(contents(try await cowork.succeed("read_messages", ["mark_read": false])) == ["x"])
    #expect(try await code.succeed("search_history")["messages"]?.arrayValue?.first?["read"] == false)
    #expect(contents(try await cowork.succeed("read_messages")) == ["x"])
  }

  @Test func fromNarrowsAndLeavesTheOthersUnread() async throws {
    let reviewer = try await Connection.open(home, as: "reviewer")
    try await code.send("from code", to: "cowork")
    try await reviewer.send("from reviewer", to: "cowork")
    #expect(contents(try await cowork.succeed("read_messages", ["from": "reviewer"])) == ["from reviewer"])
    #expect(contents(try await cowork.succeed("read_messages")) == ["from code"])
    await reviewer.end()
  }

  @Test func theRecipientMayBeGivenUnderEitherName() async throws {
    try await code.succeed("send_message", ["recipient": "cowork", "content": "a"])
    try await code.succeed("send_message", ["to": "cowork", "recipient": "cowork", "content": "b"])
    #expect(contents(try await cowork.succeed("read_messages")) == ["a", "b"])
  }

  @Test func whatClientsFillInAndTurnIntoTextMeansWhatItSays() async throws {
    try await code.succeed(
      "send_message", ["to": "cowork", "recipient": nil, "content": "a", "reply_to": "", "task_id": nil, "idempotency_key": ""])
    try await code.succeed("send_message", ["to": "cowork", "content": "b", "reply_to": nil, "idempotency_key": nil])
    let arguments: JSON = ["mark_read": "false", "limit": "1", "from": "", "wait_seconds": "0"]
    for _ in 1...2 { #expect(contents(try await cowork.succeed("read_messages", arguments)) == ["a"]) }
    #expect(contents(try await cowork.succeed("read_messages", ["mark_read": "true", "limit": "", "wait_seconds": nil])) == ["a", "b"])
    #expect(try await cowork.succeed("search_history", ["query": "", "before": "", "limit": "1"])["messages"]?.arrayValue?.count == 1)
    #expect(try await cowork.succeed("get_tasks", ["status": "", "role": "", "cursor": "", "task_id": nil])["remaining"] == 0)
    for arguments in [JSON.null, [:]] { #expect(try await cowork.succeed("list_agents", arguments)["self"] == "cowork") }
  }

  @Test func aMessageToAllReachesEachOther() async throws {
    try await code.succeed("send_message", ["to": "cowork", "content": "first"])
    let third = try await Connection.open(home, as: "third")
    try await third.succeed("send_message", ["to": "code", "content": "wait"])
    let sent = try await code.succeed("send_message", ["to": "*", "content": "all"])
    #expect(sent.objectValue?.keys == ["to", "sent", "unread"] && sent["to"] == "*" && sent["unread"] == ["messages": 1, "tasks": 0])
    let each = try #require(sent["sent"]?.arrayValue)
    #expect(
      each.map { $0["to"] } == ["cowork", "third"]
        && each.allSatisfy { $0["recipient_online"]?.boolValue != nil && $0["duplicate"] == false })
    #expect(contents(try await cowork.succeed("read_messages")) == ["first", "all"])
    let received = try await third.succeed("read_messages")
    #expect(contents(received) == ["all"] && received["messages"]?.arrayValue?.first?["id"] == each[1]["message_id"])
    #expect(contents(try await code.succeed("read_messages")) == ["wait"])
    #expect(try await code.fail("create_task", ["to": "*", "title": "t", "description": "d"]).contains("`to`"))
    await third.end()
  }

  @Test func anAnswerNamesWhatItAnswersAndTheTask() async throws {
    let task = try await code.createTask(for: "cowork")
    let question = try await code.send("How far?", to: "cowork")
    try await cowork.succeed("read_messages")
    try await cowork.succeed(
      "send_message", ["to": "code", "content": "Done", "reply_to": .string(question), "task_id": .string(task)])
    let answer = try await code.succeed("read_messages")["messages"]?.arrayValue?.first
    #expect(answer?["reply_to"]?.stringValue == question)
    #expect(answer?["task_id"]?.stringValue == task)
    #expect(contents(try await code.succeed("search_history", ["task_id": .string(task)])) == ["Done"])
    #expect(contents(try await code.succeed("search_history", ["task_id": .string(task), "query": "nothing"])) == [])
    #expect(try await code.fail("search_history", ["task_id": "00000000"]).contains("no task \"00000000\""))
  }

  @Test func theSameKeySendsOnceAndRefusesAnotherText() async throws {
    let arguments: JSON = ["to": "cowork", "content": "once", "idempotency_key": "k"]
    let first = try await code.succeed("send_message", arguments)
    let second = try await code.succeed("send_message", arguments)
    #expect(first["duplicate"] == false && second["duplicate"] == true)
    #expect(first["message_id"] == second["message_id"] && first["created_at"] == second["created_at"])
    let sentence = try await code.fail("send_message", ["to": "cowork", "content": "other", "idempotency_key": "k"])
    #expect(sentence.contains("idempotency_key"))
    #expect(contents(try await cowork.succeed("read_messages")) == ["once"])
  }

  @Test func anUnknownRecipientIsAnErrorThatNamesTheKnownAndTheNearest() async throws {
    let sentence = try await code.fail("send_message", ["to": "cowrk", "content": "x"])
    #expect(sentence.contains("cowrk") && sentence.contains("known are cowork, code.") && sentence.contains("Did you mean \"cowork\"?"))
    #expect(try await code.fail("create_task", ["to": "nobody", "title": "t", "description": "d"]).contains("nobody"))
    #expect(contents(try await code.succeed("search_history")) == [])
  }

  @Test func theSenderSeesThatAndWhenItsMessageWasRead() async throws {
    try await code.send("x", to: "cowork")
    let before = try await code.succeed("search_history")["messages"]?.arrayValue?.first
    #expect(before?["read"] == false && before?["read_at"] == nil)
    try await cowork.succeed("read_messages")
    // The next call runs after the confirmation.
    try await cowork.succeed("list_agents")
    let after = try await code.succeed("search_history")["messages"]?.arrayValue?.first
    #expect(after?["read"] == true)
    #expect(after?["read_at"]?.stringValue?.hasSuffix("Z") == true)
  }

  @Test func theHistoryIsNewestFirstFoundByWordsAndGoesOnBeforeAMessage() async throws {
    for word in ["alpha one", "beta two", "alpha three"] { try await code.send(word, to: "cowork") }
    try await cowork.send("alpha four", to: "code")
    #expect(contents(try await code.succeed("search_history", ["query": "alpha"])) == ["alpha four", "alpha three", "alpha one"])
    #expect(contents(try await code.succeed("search_history", ["query": "alp tw"])) == [])
    #expect(contents(try await code.succeed("search_history", ["query": "bet tw"])) == ["beta two"])
    let page = try await code.succeed("search_history", ["limit": 2])
    #expect(contents(page) == ["alpha four", "alpha three"] && page["more"] == true)
    let last = try #require(page["messages"]?.arrayValue?.last?["id"])
    let rest = try await code.succeed("search_history", ["before": last])
    #expect(contents(rest) == ["beta two", "alpha one"] && rest["more"] == false)
    #expect(try await code.fail("search_history", ["before": "yesterday"]).contains("before"))
  }

  @Test func aReplyIsWithdrawnWhenItsOutputBreaks() async throws {
    try await code.send("x", to: "cowork")
    cowork.client.closeOutput()
    try await cowork.client.ended()
    _ = cowork.send("tools/call", ["name": "read_messages", "arguments": [:]])
    await cowork.run.value
    let next = try await Connection.open(home, as: "cowork")
    let message = try await next.succeed("read_messages")["messages"]?.arrayValue?.first
    #expect(message?["content"] == "x" && message?["redelivered"] == false)
    await next.end()
  }
}

/// The contents of the messages in a result.
func contents(_ result: JSON) -> [String] {
  (result["messages"]?.arrayValue ?? []).map { $0["content"]?.stringValue ?? "" }
}
