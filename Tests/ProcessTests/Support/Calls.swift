import Foundation
import JSON
import MCPClient
import ProcessTesting
import Testing

extension ChildServer {
  /// The sentence of a call that must fail.
  func failure(_ tool: String, _ arguments: JSONObject = [:]) async throws -> String {
    do {
      let content = try await call(tool, arguments)
      Issue.record("\(tool) succeeded: \(content)")
      return ""
    } catch .toolFailed(_, let sentence) { return sentence }
  }

  /// Sends messages one after the other, and returns their ids.
  @discardableResult
  func send(_ contents: [String], to recipient: String) async throws -> [String] {
    var ids = [String]()
    for content in contents {
      let receipt = try await call("send_message", ["to": .string(recipient), "content": .string(content)])
      ids.append(try #require(receipt["message_id"]?.stringValue))
    }
    return ids
  }

  /// Reads until nothing is left.
  func readAll(limit: Int64 = 200) async throws -> [Received] {
    var read = [Received]()
    while true {
      let result = try await call("read_messages", ["limit": .integer(limit)])
      read += Received.all(in: result)
      if result["remaining"] == 0 { return read }
    }
  }

  /// Returns when so many messages of a sender count as read; asks the store again and again.
  func untilRead(_ count: Int, sentBy sender: String) async throws {
    let deadline = ContinuousClock.now + .seconds(20)
    while ContinuousClock.now < deadline {
      let history = try await call("search_history", ["limit": 200])["messages"]?.arrayValue ?? []
      if history.count(where: { $0["read"] == true && $0["sender"]?.stringValue == sender }) >= count { return }
    }
    throw TestingError("\(count) messages of \(sender) were not taken")
  }

  /// Ends the server as a client does, and returns when it is gone.
  func stop() async throws {
    closeInput()
    resumeReading()
    #expect(try await status() == .exited(0))
  }
}

/// A message that reached a client.
struct Received: Hashable, Sendable {
  let id: String
  let sender: String
  let content: String
  let redelivered: Bool

  static func all(in result: JSON) -> [Received] {
    (result["messages"]?.arrayValue ?? []).map {
      Received(
        id: $0["id"]?.stringValue ?? "", sender: $0["sender"]?.stringValue ?? "", content: $0["content"]?.stringValue ?? "",
        redelivered: $0["redelivered"] == true)
    }
  }

  /// All that reached a client in answers.
  static func all(from server: ChildServer) -> [Received] {
    server.messages.flatMap { all(in: $0["result"]?["structuredContent"] ?? [:]) }
  }
}

extension Sandbox {
  /// The database has taken no harm.
  func expectIntegrity(location: SourceLocation = #_sourceLocation) async throws {
    #expect(try await sqlite3("PRAGMA integrity_check") == "ok", sourceLocation: location)
  }
}

/// What was measured, for people who read the log of a run.
func report(_ text: String) { print("MEASURED \(text)") }

extension Duration {
  var milliseconds: String { String(format: "%.2f ms", Double(components.seconds) * 1e3 + Double(components.attoseconds) / 1e15) }
}
