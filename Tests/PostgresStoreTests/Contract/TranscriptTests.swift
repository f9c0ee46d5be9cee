import Bridge
import BridgeTesting
import Foundation
import JSON
import MCP
import PostgresClient
import SQLiteStore
import Testing

@testable import PostgresStore

@Suite("All tools say the same on both stores", .timeLimit(.minutes(10)))
struct TranscriptTests {
  @Test func aScriptOfAllToolsGivesOneTranscript() async throws {
    let sqlite = try await onSQLite()
    let postgres = try await onPostgres()
    #expect(sqlite.count == postgres.count)
    for (left, right) in zip(sqlite, postgres) { #expect(left == right) }
    // There must be something to compare.
    #expect(sqlite.count > 60)
    for tool in Self.tools {
      #expect(sqlite.contains { $0.contains(" \(tool) ") && $0.contains("-> result") }, "\(tool) succeeds somewhere")
      #expect(tool == "list_agents" || sqlite.contains { $0.contains(" \(tool) ") && $0.contains("-> error") }, "\(tool) fails somewhere")
    }
  }

  private static let tools = [
    "send_message", "read_messages", "create_task", "get_tasks", "update_task", "wait_for_updates", "list_agents", "search_history",
  ]

  private func onSQLite() async throws -> [String] {
    let folder = FileManager.default.temporaryDirectory.appending(path: "cowork-\(UniqueID.make())")
    try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
    defer { try? FileManager.default.removeItem(at: folder) }
    let path = folder.path + "/messages.db"
    return try await transcript { SQLiteStore(path: path, logger: .silent) }
  }

  private func onPostgres() async throws -> [String] {
    let database = try await Servers.database()
    let settings = try ConnectionSettings(database.url)
    return try await transcript { PostgresStore(settings: settings, workspace: nil, logger: .silent) }
  }

  private func transcript(_ makeStore: () -> any BridgeStore) async throws -> [String] {
    let stores = ["code": makeStore(), "cowork": makeStore(), "reviewer": makeStore()]
    let pair = try await ScriptedPair(stores)
    await play(pair)
    await pair.end()
    for store in stores.values { await store.close() }
    return pair.transcript
  }

  private func play(_ pair: ScriptedPair) async {
    await messages(pair)
    await history(pair)
    let task = await tasks(pair)
    await claims(pair, task)
    await refusals(pair)
  }

  private func messages(_ pair: ScriptedPair) async {
    await pair.call("code", "read_messages")
    let first = await pair.call("cowork", "send_message", ["to": "code", "content": "Hello, \"code\"\n\u{1F600} é"])
    await pair.call("cowork", "send_message", ["recipient": "code", "content": "again", "idempotency_key": "k1"])
    await pair.call("cowork", "send_message", ["to": "code", "content": "again", "idempotency_key": "k1"])
    await pair.call("cowork", "send_message", ["to": "code", "content": "other", "idempotency_key": "k1"])
    await pair.call("code", "read_messages", ["mark_read": false])
    await pair.call("code", "read_messages", ["limit": 1])
    await pair.call("code", "read_messages", ["from": "nobody"])
    await pair.call("code", "read_messages", ["wait_seconds": 5])
    await pair.call("code", "send_message", ["to": "cowork", "content": "Hi", "reply_to": first["message_id"] ?? .null, "task_id": "T-1"])
    await pair.call("cowork", "wait_for_updates", ["timeout_seconds": 5])
    await pair.call("cowork", "wait_for_updates", ["timeout_seconds": 0])
    await pair.call("code", "send_message", ["to": "code", "content": "a note to myself"])
    await pair.call("code", "read_messages")
    for number in 1...3 { await pair.call("cowork", "send_message", ["to": "code", "content": .string(large(number))]) }
    for _ in 1...3 { await pair.call("code", "read_messages") }
  }

  /// Each is larger than half a reply.
  private func large(_ number: Int) -> String { "\(number) " + String(repeating: "word\(number) ", count: 4_000) }

  private func history(_ pair: ScriptedPair) async {
    await pair.call("code", "search_history", ["limit": 3])
    await pair.call("code", "search_history", ["query": "hel"])
    await pair.call("code", "search_history", ["query": "\"; DROP"])
    await pair.call("code", "search_history", ["query": "\u{1F600}"])
    await pair.call("cowork", "search_history", ["with": "code", "limit": 2])
    await pair.call("cowork", "search_history", ["task_id": "T-1"])
    let page = await pair.call("code", "search_history", ["query": "note"])
    let note = page["messages"]?.arrayValue?.first?["id"] ?? .null
    await pair.call("code", "search_history", ["before": note])
    await pair.call("code", "search_history", ["before": "2000-01-01T00:00:00Z"])
    await pair.call("code", "search_history", ["before": "yesterday"])
  }

  private func tasks(_ pair: ScriptedPair) async -> JSON {
    let created = await pair.call(
      "cowork", "create_task", ["to": "code", "title": "Build", "description": "all of it", "idempotency_key": "t"])
    let id = created["task_id"] ?? .null
    await pair.call("cowork", "create_task", ["to": "code", "title": "Build", "description": "all of it", "idempotency_key": "t"])
    await pair.call("cowork", "create_task", ["to": "code", "title": "Other", "description": "all of it", "idempotency_key": "t"])
    await pair.call("code", "wait_for_updates", ["timeout_seconds": 5])
    await pair.call("code", "get_tasks")
    await pair.call("cowork", "get_tasks", ["role": "creator", "status": "pending"])
    await pair.call("cowork", "update_task", ["task_id": id, "status": "completed"])
    await pair.call("code", "update_task", ["task_id": id, "status": "in_progress"])
    await pair.call("code", "update_task", ["task_id": id, "status": "in_progress", "result": "half"])
    await pair.call("cowork", "wait_for_updates", ["timeout_seconds": 5])
    await pair.call("code", "update_task", ["task_id": id, "status": "pending"])
    await pair.call("code", "update_task", ["task_id": id, "status": "completed", "result": "done"])
    await pair.call("code", "update_task", ["task_id": id, "status": "completed", "result": "done"])
    await pair.call("code", "update_task", ["task_id": id, "status": "failed"])
    await pair.call("cowork", "get_tasks", ["task_id": id])
    await pair.call("cowork", "wait_for_updates", ["timeout_seconds": 0])
    return id
  }

  private func claims(_ pair: ScriptedPair, _ ended: JSON) async {
    await pair.call("reviewer", "list_agents")
    await pair.call("reviewer", "get_tasks", ["task_id": ended])
    await pair.call("reviewer", "update_task", ["task_id": ended, "status": "failed"])
    let second = await pair.call("cowork", "create_task", ["to": "code", "title": "Second", "description": ""])
    let id = second["task_id"] ?? .null
    await pair.call("cowork", "update_task", ["task_id": id, "status": "failed", "result": "not needed"])
    await pair.call("cowork", "update_task", ["task_id": id, "status": "failed", "result": "not needed"])
    await pair.call("code", "wait_for_updates", ["timeout_seconds": 5])
    await pair.call("code", "get_tasks", ["task_id": id])
    await pair.call("code", "get_tasks", ["status": "completed", "limit": 1])
    await pair.call("cowork", "get_tasks", ["role": "creator"])
  }

  private func refusals(_ pair: ScriptedPair) async {
    await pair.call("code", "send_message", ["to": "cowrok", "content": "x"])
    await pair.call("code", "send_message", ["to": "Not A Name", "content": "x"])
    await pair.call("code", "send_message", ["to": "cowork", "content": "nul \u{0} here"])
    await pair.call("code", "send_message", ["to": "cowork", "content": ""])
    await pair.call("code", "send_message", ["to": "cowork", "content": .string(String(repeating: "x", count: 256 * 1024 + 1))])
    await pair.call("code", "create_task", ["to": "nobody", "title": "t", "description": ""])
    await pair.call("code", "create_task", ["to": "cowork", "title": "", "description": ""])
    await pair.call("code", "read_messages", ["limit": 0])
    await pair.call("code", "read_messages", ["unknown": 1])
    await pair.call("code", "get_tasks", ["task_id": "no such task"])
    await pair.call("code", "get_tasks", ["status": "odd"])
    await pair.call("code", "update_task", ["task_id": "no such task", "status": "completed"])
    await pair.call("code", "wait_for_updates", ["timeout_seconds": 56])
    await pair.call("code", "search_history", ["before": "2026-02-30T00:00:00Z"])
    await pair.call("code", "read_messages")
  }
}
