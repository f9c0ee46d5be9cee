import JSON

/// What the two agents do in the demo. Each step checks what it says.
struct DemoScript {
  let code: ServedAgent
  let cowork: ServedAgent
  let report: DemoReport

  func play() async throws {
    try await report.step("Each agent's client starts its own server") { seen in
      for agent in [code, cowork] {
        let server = try await agent.connect()
        seen.note("\(Colours.agent(agent.name))  process \(agent.server.pid): \(server)")
      }
    }
    try await report.step("They see each other") { seen in
      for (agent, other) in [(code, cowork), (cowork, code)] {
        try await agent.sees(other)
        seen.note("list_agents tells \(Colours.agent(agent.name)) that \(Colours.agent(other.name)) is online")
      }
    }
    var question = ""
    try await report.step("cowork waits, code sends a message") { seen in
      let text = "Which currency does the checkout page show?"
      let (receipt, message) = try await seen.wake(cowork, "messages") {
        try await code.call("send_message", ["to": "cowork", "content": .string(text)])
      }
      question = try receipt.text("message_id")
      try check(message["id"]?.stringValue == question, "cowork was woken by another message")
      try check(message["sender"] == "code" && message["content"]?.stringValue == text, "the message arrived altered")
      seen.speech("code", "cowork", text)
    }
    try await report.step("code waits, cowork answers") { seen in
      let text = "Euro, and the amount is right."
      let (_, message) = try await seen.wake(code, "messages") {
        try await cowork.call("send_message", ["to": "code", "content": .string(text), "reply_to": .string(question)])
      }
      try check(message["content"]?.stringValue == text, "the answer arrived altered")
      try check(message["reply_to"]?.stringValue == question, "the answer does not say what it answers")
      seen.speech("cowork", "code", text)
      let past = try await code.call("search_history", ["query": "currency"]).only("messages")
      try check(past["id"]?.stringValue == question && past["read"] == true, "the question does not show as read")
      seen.note("search_history tells code that its question was read at \(try past.text("read_at"))")
    }
    var task = ""
    try await report.step("code delegates a task") { seen in
      let title = "Check every price of the shop"
      let (receipt, news) = try await seen.wake(cowork, "tasks") {
        try await code.call(
          "create_task",
          ["to": "cowork", "title": .string(title), "description": "Compare the pages with prices.csv and list what differs."])
      }
      task = try receipt.text("task_id")
      try check(news["id"]?.stringValue == task && news["status"] == "pending", "cowork was not woken by the new task")
      seen.speech("code", "cowork", "task \"\(title)\"")
    }
    try await move(task, to: "in_progress", result: nil, "cowork takes the task, code is told")
    let result = "41 of 42 prices agree; tea.html says 4.90 and not 4.80."
    try await move(task, to: "completed", result: result, "cowork completes it, code gets the result")
    try await report.step("The task's history says who did what, and when") { seen in
      let history = try await code.call("get_tasks", ["task_id": .string(task)])["history"]?.arrayValue ?? []
      let course = history.map { "\($0["actor"]?.stringValue ?? "nobody") \($0["to"]?.stringValue ?? "nowhere")" }
      try check(course == ["code pending", "cowork in_progress", "cowork completed"], "the history is \(course)")
      for event in history {
        seen.note("\(try event.text("at"))  \(Colours.status(try event.text("to")))  by \(Colours.agent(try event.text("actor")))")
      }
    }
    try await report.step("Both servers end when their clients leave") { seen in
      for agent in [code, cowork] {
        let status = await agent.server.end()
        try check(status == .exited(0), "the server of \(agent.name) ended with status \(status.code)")
        seen.note("\(Colours.agent(agent.name))  process \(agent.server.pid) has ended")
      }
    }
  }

  private func move(_ id: String, to status: String, result: String?, _ name: String) async throws {
    try await report.step(name) { seen in
      let (_, task) = try await seen.wake(code, "tasks") {
        var arguments: JSONObject = ["task_id": .string(id), "status": .string(status)]
        if let result { arguments["result"] = .string(result) }
        return try await cowork.call("update_task", arguments)
      }
      try check(task["id"]?.stringValue == id && task["status"]?.stringValue == status, "code was not told that the task is \(status)")
      try check(task["result"]?.stringValue == result, "the result arrived altered")
      seen.speech("cowork", "code", Colours.status(status) + (result.map { ": \($0)" } ?? ""))
    }
  }

  private func check(_ holds: Bool, _ complaint: @autoclosure () -> String) throws {
    if !holds { throw CommandFailure(complaint()) }
  }
}

extension DemoStep {
  /// Lets an agent wait while something happens that must send it one message or one task.
  fileprivate mutating func wake(
    _ agent: ServedAgent, _ list: String, by action: () async throws -> JSON
  ) async throws -> (receipt: JSON, news: JSON) {
    let (receipt, news, after) = try await agent.wait(seconds: 10, while: action)
    wake = after
    return (receipt, try news.only(list))
  }
}

extension JSON {
  fileprivate func only(_ list: String) throws -> JSON {
    let elements = self[list]?.arrayValue ?? []
    guard elements.count == 1 else { throw CommandFailure("\(list) should hold one and holds \(elements.count)") }
    return elements[0]
  }
}
