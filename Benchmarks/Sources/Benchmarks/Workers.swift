import Foundation
import JSON
import SystemSupport

/// Two agents at work in a store. `cowork` is the one that a shape is about, and holds a task of `code`.
final class Workers {
  let code, cowork: Server
  let task: String
  let hand: Hand
  let isSmall: Bool

  /// - Parameter login: where `cowork` has another way into the store.
  init(_ program: String, _ place: Place, isSmall: Bool, login: Place? = nil) throws {
    (hand, self.isSmall) = (try Hand(place), isSmall)
    code = try Server.ready(program, agent: "code", store: place)
    cowork = try Server.ready(program, agent: "cowork", store: login ?? place)
    try code.begin("create_task", ["to": "cowork", "title": "Work", "description": "To be worked on."])
    guard let task = try code.next().result["structuredContent"]?["task_id"]?.stringValue else { throw Failure("There is no task.") }
    self.task = task
    try cowork.call("update_task", ["task_id": .string(task), "status": "in_progress"])
    for server in [code, cowork] { try server.call("wait_for_updates", ["timeout_seconds": 0]) }
  }

  func end() { for server in [code, cowork] { server.end() } }
}

/// A call that is timed.
struct TimedCall: Sendable {
  let name: String
  /// What is not timed.
  var prepare: @Sendable (Workers) throws -> Void = { _ in }
  let run: @Sendable (Workers) throws -> Duration

  static func of(
    _ name: String, prepare: @escaping @Sendable (Workers) throws -> Void = { _ in }, _ tool: String, _ arguments: JSONObject = [:]
  ) -> TimedCall {
    TimedCall(name: name, prepare: prepare) { try $0.cowork.call(tool, arguments) }
  }

  private static func message(to agent: String) -> JSONObject { ["to": .string(agent), "content": .string(Measuring.text)] }

  static let sending = [
    of("send_message", "send_message", message(to: "code")),
    TimedCall(name: "send_message to it") { try $0.code.call("send_message", message(to: "cowork")) },
  ]
  static let read = of("read_messages", "read_messages", ["limit": 1])
  static let looking = [
    of("get_tasks", "get_tasks", ["status": "in_progress"]),
    TimedCall(name: "update_task") {
      try $0.cowork.call("update_task", ["task_id": .string($0.task), "status": "in_progress", "result": .string("step \(randomID())")])
    },
    of("list_agents", "list_agents"), of("search_history", "search_history", ["query": "changed"]),
  ]
  static let wait = TimedCall(name: "wait_for_updates, nothing there") {
    try $0.code.call("read_messages")
    try $0.code.call("wait_for_updates", ["timeout_seconds": 0])
  } run: {
    try $0.code.call("wait_for_updates", ["timeout_seconds": 0])
  }

  /// What an agent does all day.
  static let usual = sending + [read] + looking + [wait]

  /// From the begin of a message to the end of the answer to a call that waits for it.
  static let wakeUp = TimedCall(name: "send to wake-up") { _ in
    // Until it waits again.
    usleep(15_000)
  } run: { workers in
    let start = try workers.code.begin("send_message", message(to: "cowork"))
    let (end, _, _) = try workers.cowork.next()
    _ = try workers.code.answer()
    try workers.cowork.begin("wait_for_updates", ["timeout_seconds": 55])
    return end - start
  }
}
