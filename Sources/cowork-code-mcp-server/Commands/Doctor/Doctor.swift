import ArgumentParser
import Bridge
import Foundation
import Logging

struct Doctor: AsyncParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "doctor",
    abstract: "Check the store, wake-ups, the clients' configuration and a real round trip, and say what to do.",
    discussion: """
      Each line says ok, warning or failure. At the end two servers of this program exchange messages under throwaway names, which are \
      removed again; nothing is made where there is no store yet. No password is ever printed.

      Exit status: 0 without a failure, 1 with one.

      Examples:
        cowork-code-mcp-server doctor
        cowork-code-mcp-server doctor --database-url postgres://me@db.example.com/bridge
        cowork-code-mcp-server doctor --json | jq '.checks[] | select(.verdict != "ok")'
      """)

  @Flag(help: "Print one line of JSON.")
  var json = false

  @OptionGroup var store: StoreOptions
  @OptionGroup var colour: ColourOption

  func run() async throws {
    let report = DoctorReport(json: json)
    let location = try store.location()
    let logger = try store.logger()
    try await report.add([Finding(.ok, "program", "cowork-code-mcp-server \(Version.text), \(ThisProgram.path ?? "of unknown place").")])
    if let finding = passwordFinding { try await report.add([finding]) }
    let state = try await examine(location, report, logger)
    try await report.add(await roundTrip(state, location, logger))
    try await report.add(ClientChecks(location: location).findings() + [SessionRecords.finding()])
    try await report.conclude()
    if report.hasFailure { throw ExitCode.failure }
  }

  private func examine(_ location: StoreLocation, _ report: DoctorReport, _ logger: Logger) async throws -> Diagnosis.State {
    try await location.withStore(logger: logger, closingWithin: .seconds(1)) { store in
      guard let diagnosis = await Deadline.within(.seconds(30), { await store.diagnose() }) else {
        let found = "\(location.description) gave no answer within 30 s."
        try await report.add([Finding(.failure, "store", found, advice: "See whether it is overloaded, or try again.")])
        return .unusable
      }
      try await report.add(diagnosis.findings)
      guard diagnosis.state == .ready || diagnosis.state == .readyForCalls else { return diagnosis.state }
      var findings: [Finding]
      do {
        findings =
          try await Deadline.within(.seconds(20)) { try await store.overview().findings }
          ?? [Finding(.failure, "content", "It could not be read within 20 s.", advice: "See what keeps the database busy.")]
      } catch {
        let isUnavailable = (error as? BridgeError)?.code == .storeUnavailable
        findings = [Finding(.failure, "content", "\(error)", advice: isUnavailable ? "See what keeps the database busy." : nil)]
      }
      try await report.add(findings)
      return findings.contains { $0.verdict == .failure } ? .unusable : diagnosis.state
    }
  }

  private func roundTrip(_ state: Diagnosis.State, _ location: StoreLocation, _ logger: Logger) async throws -> [Finding] {
    switch state {
    case .unusable: return [Finding(.warning, "round trip", "Left out, since the store cannot be used.")]
    case .readyForCalls:
      return [
        Finding(
          .ok, "round trip", "Left out, since this login has no right on the tables.",
          advice: "Run doctor as the role that owns them to include it.")
      ]
    case .unfinished:
      return [
        Finding(
          .ok, "round trip", "Left out, since the schema is not up to date and this role may make no other one.",
          advice: "Run migrate, then doctor again to include it.")
      ]
    case .ready: return [await RoundTrip(location: location, url: url, isThrowaway: false, logger: logger).finding()]
    case .absent, .outdated:
      let throwaway: ThrowawayStore
      do { throwaway = try ThrowawayStore(beside: location) } catch { return [Finding(.failure, "round trip", "\(error)")] }
      let finding = await RoundTrip(location: throwaway.location, url: url, isThrowaway: true, logger: logger).finding()
      await throwaway.remove()
      return [finding]
    }
  }

  private var url: String? { try? Settings.store.given(store.databaseURL) }

  private var passwordFinding: Finding? {
    guard let url, StoreLocation.holdsPassword(url) else { return nil }
    let place = store.databaseURL == nil ? "in \(Settings.store.variable)" : "on the command line, where every user of this machine sees it"
    return Finding(
      .warning, "password", "A password stands \(place).",
      advice: "Put it into ~/.pgpass (host:port:database:user:password, mode 0600), and leave it out of the URL.")
  }
}

extension Overview {
  /// What the content of the store says.
  fileprivate var findings: [Finding] {
    let online = agents.filter(\.online).map(\.name)
    let names =
      online.isEmpty ? "No agent is online" : "Online: \(online.prefix(8).joined(separator: ", "))\(online.count > 8 ? ", …" : "")"
    var findings = [Finding(.ok, "agents", "\(names); \(agents.count) are known.")]
    let isOld = (oldestUnread ?? 0) > 86_400
    let age = Ages.text(oldestUnread).map { ", the oldest for \($0)" } ?? ""
    let mail = unread.isEmpty ? "Nothing is unread." : "\(counted(unreadCount, "message")) unread\(age)."
    let advice = "See with `status` whose they are, and whether that agent's client still starts the server."
    findings.append(Finding(isOld ? .warning : .ok, "unread", mail, advice: isOld ? advice : nil))
    findings += strangers.prefix(3).map { stranger in
      let found = "\(counted(stranger.count, "message")) for \"\(stranger.agent.prefix(63))\", which is no agent."
      return Finding(.warning, "unread", found, advice: "The name is misspelled, or: cowork-code-mcp-server agents add NAME")
    }
    findings += setAside.prefix(3).map { aside in
      Finding(
        .warning, "set aside",
        "\(counted(aside.count, "message")) of \(aside.agent.prefix(63)): five readers took it and ended without a word.",
        advice: "See it with read --set-aside --as \(aside.agent.prefix(63)), and deliver it again with read --again ID.")
    }
    let old = agents.filter { $0.online && $0.sessions == 0 }.map(\.name)
    if !old.isEmpty {
      findings.append(
        Finding(
          .warning, "sessions",
          "Servers of an older version run for \(old.prefix(8).joined(separator: ", ")): they know no sessions, and take any reply.",
          advice: "Restart their clients."))
    }
    let stale = staleTasks
    findings.append(
      stale == 0
        ? Finding(.ok, "tasks", openTasks == 0 ? "No task is open." : "\(counted(openTasks, "task")) open, none of them stale.")
        : Finding(
          .warning, "tasks", "\(counted(openTasks, "task")) open, \(stale) held by a process that sends no heartbeat.",
          advice: "`status` shows them; another process of the assignee may take them over."))
    findings.append(
      expiredLeases == 0
        ? Finding(.ok, "leases", leases == 0 ? "None is open." : "\(leases) open, none expired.")
        : Finding(.ok, "leases", "\(expiredLeases) of \(leases) expired: the next read returns what they hold."))
    return findings
  }
}
