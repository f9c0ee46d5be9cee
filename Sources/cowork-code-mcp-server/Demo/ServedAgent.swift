import JSON
import MCPClient
import SystemSupport

/// An agent with a server of this program, and the client that speaks to it.
struct ServedAgent: Sendable {
  let name: String
  let server: ChildServer

  init(_ name: String, _ arguments: [String], environment: [String: String]) throws {
    self.name = name
    // The limit of the whole work ends a call that hangs.
    let settings = Client.Settings(name: "demo-\(name)", version: Version.text, patience: .seconds(300))
    server = try ChildServer([try ThisProgram.found()] + arguments, environment: environment, settings: settings)
  }

  func call(_ tool: String, _ arguments: JSONObject = [:]) async throws -> JSON { try await server.call(tool, arguments) }

  /// Opens the session.
  ///
  /// - Returns: the server's name and version, and the revision of MCP.
  func connect() async throws -> String {
    let result = try await server.connect()
    return try "\(result["serverInfo"].text("name")) \(result["serverInfo"].text("version")), MCP \(result.text("protocolVersion"))"
  }

  /// Asks until another agent is online, because its presence is written concurrently with the handshake.
  func sees(_ other: ServedAgent) async throws {
    while true {
      let agents = try await call("list_agents")["agents"]?.arrayValue ?? []
      if agents.contains(where: { $0["name"]?.stringValue == other.name && $0["online"] == true }) { return }
    }
  }

  /// Waits for updates while something happens that must cause one.
  ///
  /// - Returns: what the action returned, the updates, and how long after the start of the action they came.
  func wait(seconds: Int64, while action: () async throws -> JSON) async throws -> (receipt: JSON, news: JSON, after: Duration) {
    let waiting = server.beginCall("wait_for_updates", ["timeout_seconds": .integer(seconds)])
    // Once this is answered, the other call has looked into the store and waits.
    _ = try await call("list_agents")
    let start = ContinuousClock.now
    let receipt = try await action()
    let arrival = try await waiting.arrival()
    return (receipt, try arrival.content(of: waiting.name), arrival.at - start)
  }

  /// Set when a signal asks this process to end. From now on the signals do not end it.
  static func interruption() throws -> Once<String> {
    let reason = Once<String>()
    try Signals.handle { _ in reason.set("it was interrupted") }
    return reason
  }

  /// Runs the work, and closes the connections when it takes too long or is interrupted. Afterwards the servers have ended.
  static func during(
    _ agents: [ServedAgent], limit: Duration, interruption: Once<String>, _ work: () async throws -> Void
  ) async throws {
    let timer = Task {
      try await Task.pause(for: limit)
      interruption.set("it took longer than \(limit.components.seconds) seconds")
    }
    let closer = Task { if await interruption.wait() != nil { for agent in agents { agent.server.close() } } }
    defer { for task in [timer.cancel, closer.cancel] { task() } }
    let outcome: Result<Void, any Error>
    do { outcome = .success(try await work()) } catch { outcome = .failure(error) }
    for agent in agents { _ = await agent.server.end() }
    do { try outcome.get() } catch {
      guard let reason = interruption.value else { throw error }
      throw CommandFailure("\(error) The cause: \(reason).")
    }
  }
}

extension JSON? {
  func text(_ key: String) throws -> String {
    guard let text = self?[key]?.stringValue else { throw CommandFailure("\(key) is missing") }
    return text
  }
}

extension JSON {
  func text(_ key: String) throws -> String { try Optional(self).text(key) }
}
