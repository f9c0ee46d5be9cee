import JSON
import MCPClient
import Synchronization
import SystemSupport

/// An agent with a server of this program, and the client that speaks to it.
struct ServedAgent: Sendable {
  let name: String
  let server: ChildServer

  init(_ name: String, _ arguments: [String], environment: [String: String]) throws {
    self.name = name
    // What ends a call that hangs is the limit of the whole work.
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

  /// Asks until another agent is online: its presence is written beside the handshake.
  func sees(_ other: ServedAgent) async throws {
    while true {
      let agents = try await call("list_agents")["agents"]?.arrayValue ?? []
      if agents.contains(where: { $0["name"]?.stringValue == other.name && $0["online"] == true }) { return }
    }
  }

  /// Waits for news while something happens that must bring them.
  ///
  /// - Returns: what the action returned, the news, and how long after the beginning of the action they came.
  func wait(seconds: Int64, while action: () async throws -> JSON) async throws -> (receipt: JSON, news: JSON, after: Duration) {
    let waiting = server.beginCall("wait_for_updates", ["timeout_seconds": .integer(seconds)])
    // Answered only after the first look into the store: from then on the other call waits.
    _ = try await call("list_agents")
    let start = ContinuousClock.now
    let receipt = try await action()
    let arrival = try await waiting.arrival()
    return (receipt, try arrival.content(of: waiting.name), arrival.at - start)
  }

  /// Lets agents work, and closes their connections when that takes too long or a signal asks for it. Their servers have ended afterwards.
  static func during(
    _ agents: [ServedAgent], limit: Duration, interruption: Interruption, _ work: () async throws -> Void
  ) async throws {
    interruption.close { for agent in agents { agent.server.client.close() } }
    let timer = Task {
      try await Task.sleep(for: limit)
      interruption.interrupt("it took longer than \(limit.components.seconds) seconds")
    }
    defer { timer.cancel() }
    let outcome: Result<Void, any Error>
    do { outcome = .success(try await work()) } catch { outcome = .failure(error) }
    for agent in agents { _ = await agent.server.end() }
    do { try outcome.get() } catch {
      guard let reason = interruption.reason else { throw error }
      throw CommandFailure("\(error) The cause: \(reason).")
    }
  }
}

/// Why work ends early.
final class Interruption: Sendable {
  private struct State {
    var reason: String?
    var close: @Sendable () -> Void = {}
  }

  private let state = Mutex(State())

  /// SIGINT, SIGTERM and SIGHUP interrupt the work from now on, and no longer end the process.
  init() throws {
    try Signals.handle { _ in self.interrupt("it was interrupted") }
  }

  var reason: String? { state.withLock(\.reason) }

  func interrupt(_ reason: String) {
    state.withLock { state in
      state.reason = reason
      return state.close
    }()
  }

  /// - Parameter close: is called when the work is interrupted, at once if it has been.
  func close(_ close: @escaping @Sendable () -> Void) {
    let isInterrupted = state.withLock { state in
      state.close = close
      return state.reason != nil
    }
    if isInterrupted { close() }
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
