import Foundation
import JSON
import MCP

/// What the two agents do; each step checks what it claims.
struct DemoScript {
  let code: DemoClient
  let cowork: DemoClient
  let report: DemoReport

  func play() async throws {
    try await connect()
    try await meet()
    let question = try await ask()
    try await answer(question)
    let task = try await delegate()
    try await work(on: task)
    try await lookBack(at: task)
  }

  private func connect() async throws {
    try await report.step("Each agent's client starts its own server") { seen in
      for client in [code, cowork] {
        let server = try await client.connect()
        seen.note("\(Colours.agent(client.agent))  process \(client.server.pid): \(server)")
      }
    }
  }

  private func meet() async throws {
    try await report.step("They see each other") { seen in
      for (client, other) in [(code, cowork), (cowork, code)] {
        // The sign of life is written beside the handshake: ask until it is there.
        while try await !client.call("list_agents").result.agent(other.agent, is: "online") {}
        seen.note("list_agents tells \(Colours.agent(client.agent)) that \(Colours.agent(other.agent)) is online")
      }
    }
  }

  private func ask() async throws -> String {
    let text = "Which currency does the checkout page show?"
    var question = ""
    try await report.step("cowork waits, code sends a message") { seen in
      let waiting = try await beginWaiting(cowork)
      let start = ContinuousClock.now
      let receipt = try await code.call("send_message", ["to": "cowork", "content": .string(text)])
      let woken = try await waiting.content
      seen.wake = woken.at - start
      question = try receipt.result.text("message_id")
      let message = try woken.result.first("messages")
      try check(message["id"]?.stringValue == question, "cowork was woken by another message")
      try check(message["sender"]?.stringValue == "code" && message["content"]?.stringValue == text, "the message arrived altered")
      seen.speech("code", "cowork", text)
    }
    return question
  }

  private func answer(_ question: String) async throws {
    let text = "Euro, and the amount is right."
    try await report.step("code waits, cowork answers") { seen in
      let waiting = try await beginWaiting(code)
      let start = ContinuousClock.now
      _ = try await cowork.call("send_message", ["to": "code", "content": .string(text), "reply_to": .string(question)])
      let woken = try await waiting.content
      seen.wake = woken.at - start
      let message = try woken.result.first("messages")
      try check(message["content"]?.stringValue == text, "the answer arrived altered")
      try check(message["reply_to"]?.stringValue == question, "the answer does not say what it answers")
      seen.speech("cowork", "code", text)
      let past = try await code.call("search_history", ["query": "currency"]).result.first("messages")
      try check(past["id"]?.stringValue == question && past["read"]?.boolValue == true, "the question does not show as read")
      seen.note("search_history tells code that its question was read at \(try past.text("read_at"))")
    }
  }

  private func delegate() async throws -> String {
    let title = "Check every price of the shop"
    var id = ""
    try await report.step("code delegates a task") { seen in
      let waiting = try await beginWaiting(cowork)
      let start = ContinuousClock.now
      let receipt = try await code.call(
        "create_task", ["to": "cowork", "title": .string(title), "description": "Compare the pages with prices.csv and list what differs."])
      let woken = try await waiting.content
      seen.wake = woken.at - start
      id = try receipt.result.text("task_id")
      let task = try woken.result.first("tasks")
      try check(task["id"]?.stringValue == id && task["status"]?.stringValue == "pending", "cowork was not woken by the new task")
      seen.speech("code", "cowork", "task \"\(title)\"")
    }
    return id
  }

  private func work(on task: String) async throws {
    try await move(task, to: "in_progress", result: nil, "cowork takes the task, code is told")
    let result = "41 of 42 prices agree; tea.html says 4.90 and not 4.80."
    try await move(task, to: "completed", result: result, "cowork completes it, code gets the result")
  }

  private func move(_ id: String, to status: String, result: String?, _ name: String) async throws {
    try await report.step(name) { seen in
      let waiting = try await beginWaiting(code)
      let start = ContinuousClock.now
      var arguments: JSONObject = ["task_id": .string(id), "status": .string(status)]
      if let result { arguments["result"] = .string(result) }
      _ = try await cowork.call("update_task", arguments)
      let woken = try await waiting.content
      seen.wake = woken.at - start
      let task = try woken.result.first("tasks")
      try check(task["id"]?.stringValue == id && task["status"]?.stringValue == status, "code was not told that the task is \(status)")
      try check(task["result"]?.stringValue == result, "the result arrived altered")
      seen.speech("cowork", "code", Colours.status(status) + (result.map { ": \($0)" } ?? ""))
    }
  }

  private func lookBack(at task: String) async throws {
    try await report.step("The task's history says who did what, and when") { seen in
      let history = try await code.call("get_tasks", ["task_id": .string(task)]).result["history"]?.arrayValue ?? []
      let course = history.map { "\($0["actor"]?.stringValue ?? "nobody") \($0["to"]?.stringValue ?? "nowhere")" }
      try check(course == ["code pending", "cowork in_progress", "cowork completed"], "the history is \(course)")
      for event in history {
        seen.note("\(try event.text("at"))  \(Colours.status(try event.text("to")))  by \(Colours.agent(try event.text("actor")))")
      }
    }
  }

  /// The server answers a second call only behind the first look into the store: from then on the first one waits.
  private func beginWaiting(_ client: DemoClient) async throws -> DemoClient.Pending {
    let waiting = try await client.begin("wait_for_updates", ["timeout_seconds": 10])
    _ = try await client.call("list_agents")
    return waiting
  }

  private func check(_ holds: Bool, _ complaint: @autoclosure () -> String) throws {
    if !holds { throw CommandFailure(complaint()) }
  }
}

extension JSON {
  fileprivate func text(_ key: String) throws -> String {
    guard let text = self[key]?.stringValue else { throw CommandFailure("\(key) is missing") }
    return text
  }

  /// The only element of a list.
  fileprivate func first(_ list: String) throws -> JSON {
    guard let elements = self[list]?.arrayValue, elements.count == 1 else {
      throw CommandFailure("\(list) should hold one and holds \(self[list]?.arrayValue?.count ?? 0)")
    }
    return elements[0]
  }

  fileprivate func agent(_ name: String, is flag: String) -> Bool {
    self["agents"]?.arrayValue?.contains { $0["name"]?.stringValue == name && $0[flag]?.boolValue == true } ?? false
  }
}
