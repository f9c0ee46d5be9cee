import Bridge
import Foundation
import Logging

/// Two real servers of this program exchange messages, under throwaway names.
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
    do { finding = verdict(on: try await exchange(agents.map(\.name))) } catch {
      finding = Finding(
        .failure, Self.subject, "Two servers of this program could not exchange messages: \(error)",
        advice: "Fix what is said above; --log-level debug tells more.")
    }
    guard !isThrowaway else { return finding }
    do {
      try await location.withStore(logger: logger, closingWithin: .seconds(1)) { store in
        let isDone: Void? = try await Deadline.within(.seconds(15)) { try await store.removeTraces(of: agents) }
        if isDone == nil { throw CommandFailure("There was no answer within 15 s.") }
      }
    } catch {
      finding.found += " Their messages could not be removed. \(error)"
      if finding.verdict == .ok { finding.verdict = .warning }
    }
    return finding
  }

  private func verdict(on wakes: [Duration]) -> Finding {
    let times = wakes.map { "\($0.inMilliseconds) ms" }.joined(separator: " and ")
    let place = isThrowaway ? ", on a store that was made for it and removed" : ""
    let found = "Two servers woke each other with a message there and back after \(times)\(place)."
    guard wakes.allSatisfy({ $0 <= Self.slow }) else {
      return Finding(
        .warning, Self.subject, found, advice: "That is slow: see what is said about notifications, the disk and the machine's load.")
    }
    return Finding(.ok, Self.subject, found)
  }

  /// - Returns: how long each server took to return what the other one wrote.
  private func exchange(_ names: [String]) async throws -> [Duration] {
    let interruption = try ServedAgent.interruption()
    // The store is named in the environment, because every user can read command lines.
    let agents = try names.map { try ServedAgent($0, ["serve", $0], environment: environment) }
    var wakes = [Duration]()
    try await ServedAgent.during(agents, limit: Self.limit, interruption: interruption) {
      for agent in agents { _ = try await agent.connect() }
      try await agents[0].sees(agents[1])
      try await agents[1].sees(agents[0])
      // Slow rounds are repeated: the machine may be busy with something else.
      for round in 0..<3 where round == 0 || wakes.contains(where: { $0 > Self.slow }) {
        let new = [try await wake(agents[1], by: agents[0]), try await wake(agents[0], by: agents[1])]
        wakes = round == 0 ? new : zip(wakes, new).map(min)
      }
    }
    return wakes
  }

  private func wake(_ reader: ServedAgent, by writer: ServedAgent) async throws -> Duration {
    let (receipt, news, after) = try await reader.wait(seconds: 15) {
      try await writer.call("send_message", ["to": .string(reader.name), "content": "doctor"])
    }
    let messages = news["messages"]?.arrayValue ?? []
    guard messages.count == 1, messages[0]["id"] == receipt["message_id"], messages[0]["content"] == "doctor" else {
      throw CommandFailure("the message did not arrive within 15 s, or arrived altered.")
    }
    return after
  }

  private var environment: [String: String] {
    var environment = ProcessInfo.processInfo.environment.filter { !$0.key.hasPrefix("CLAUDE") && !$0.key.hasPrefix("COWORK_") }
    environment["COWORK_WAKE"] = "off"
    environment["COWORK_LOG_LEVEL"] = logger.logLevel <= .debug ? "debug" : "critical"
    switch location {
    case .sqlite(let path): environment["COWORK_DATABASE_URL"] = path
    case .postgres(_, let workspace):
      environment["COWORK_DATABASE_URL"] = url
      environment["COWORK_WORKSPACE"] = workspace?.name
    }
    return environment
  }
}
