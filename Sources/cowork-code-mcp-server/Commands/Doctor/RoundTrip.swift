import Bridge
import Foundation
import Logging
import MCP

/// Two real servers of this program exchange messages, each under a name of its own that nobody else has.
struct RoundTrip {
  let location: StoreLocation
  /// As it was given to this process; nil for the default.
  let url: String?
  let isThrowaway: Bool
  let logger: Logger
  private static let subject = "round trip"
  private static let limit = Duration.seconds(25)
  private static let slow = Duration.milliseconds(500)

  func finding() async -> Finding {
    let agents = [Identity.diagnosis(), Identity.diagnosis()]
    var finding: Finding
    do {
      let wakes = try await exchange(agents.map(\.name))
      finding = verdict(on: wakes)
    } catch {
      finding = Finding(
        .failure, Self.subject, "Two servers of this program could not exchange messages: \(error)",
        advice: "Mend what is said above; --log-level debug tells more.")
    }
    guard !isThrowaway else { return finding }
    if let problem = await removeTraces(of: agents) {
      finding.found += " Their messages could not be removed. \(problem)"
      if finding.verdict == .ok { finding.verdict = .warning }
    }
    return finding
  }

  /// - Returns: nil if it succeeded.
  private func removeTraces(of agents: [Identity]) async -> String? {
    do {
      return try await location.withStore(.any, logger: logger, closingWithin: .seconds(1)) { store in
        await Deadline.within(.seconds(15)) { () async -> String? in
          do { try await store.removeTraces(of: agents) } catch { return "\(error)" }
          return nil
        } ?? "There was no answer within 15 s."
      }
    } catch { return "\(error)" }
  }

  private func verdict(on wakes: [Duration]) -> Finding {
    let times = wakes.map { "\((($0 / .milliseconds(1)) * 10).rounded() / 10) ms" }.joined(separator: " and ")
    let place = isThrowaway ? ", on a store that was made for it and removed" : ""
    let found = "Two servers woke each other with a message there and back after \(times)\(place)."
    guard wakes.allSatisfy({ $0 <= Self.slow }) else {
      return Finding(
        .warning, Self.subject, found, advice: "That is slow: see what is said about notifications, the disk and the machine's load.")
    }
    return Finding(.ok, Self.subject, found)
  }

  /// - Returns: how long each of the two was waited for, from the call that wrote until the other server's answer.
  private func exchange(_ names: [String]) async throws -> [Duration] {
    let executable = try ThisProgram.found()
    let interruption = Interruption()
    let first = DemoClient(agent: names[0], server: try server(executable, names[0]))
    let secondServer: ServerChild
    do { secondServer = try server(executable, names[1]) } catch {
      _ = await first.end()
      throw error
    }
    let second = DemoClient(agent: names[1], server: secondServer)
    let outcome: Result<[Duration], any Error>
    do {
      var wakes = [Duration]()
      try await interruption.during([first, second], limit: Self.limit) {
        for client in [first, second] { _ = try await client.connect() }
        for (client, other) in [(first, second), (second, first)] { try await client.sees(other.agent) }
        // The fastest of a few: the machine may be busy with something else.
        for round in 0..<3 where round == 0 || wakes.contains(where: { $0 > Self.slow }) {
          let new = [try await wake(second, by: first), try await wake(first, by: second)]
          wakes = round == 0 ? new : zip(wakes, new).map(min)
        }
      }
      outcome = .success(wakes)
    } catch { outcome = .failure(error) }
    _ = await (first.end(), second.end())
    return try outcome.get()
  }

  private func wake(_ reader: DemoClient, by writer: DemoClient) async throws -> Duration {
    let waiting = try await reader.begin("wait_for_updates", ["timeout_seconds": 15])
    // Answered only behind the first look into the store: from then on the other call waits.
    _ = try await reader.call("list_agents")
    let start = ContinuousClock.now
    let receipt = try await writer.call("send_message", ["to": .string(reader.agent), "content": "doctor"])
    let woken = try await waiting.content
    let messages = woken.result["messages"]?.arrayValue ?? []
    guard messages.count == 1, messages[0]["id"] == receipt.result["message_id"], messages[0]["content"] == "doctor" else {
      throw CommandFailure("the message did not arrive within 15 s, or arrived altered.")
    }
    return woken.at - start
  }

  /// The store stands in the environment, since a command line is there for everybody to read.
  private func server(_ executable: String, _ name: String) throws -> ServerChild {
    var environment = ProcessInfo.processInfo.environment.filter { !$0.key.hasPrefix("CLAUDE") && !$0.key.hasPrefix("COWORK_") }
    environment["COWORK_WAKE"] = "off"
    environment["COWORK_LOG_LEVEL"] = logger.logLevel <= .debug ? "debug" : "critical"
    switch location {
    case .sqlite(let path): environment["COWORK_DATABASE_URL"] = path
    case .postgres(_, let workspace):
      environment["COWORK_DATABASE_URL"] = url
      environment["COWORK_WORKSPACE"] = workspace?.name
    }
    return try ServerChild(executable, ["serve", name], environment: environment)
  }
}

extension DemoClient {
  /// The sign of life is written beside the handshake: asks until it is there.
  fileprivate func sees(_ other: String) async throws {
    while true {
      let agents = try await call("list_agents").result["agents"]?.arrayValue ?? []
      if agents.contains(where: { $0["name"]?.stringValue == other && $0["online"]?.boolValue == true }) { return }
    }
  }
}
