import ArgumentParser
import Bridge
import BridgeServer
import ClientSetup
import Foundation
import JSON
import Logging
import Synchronization
import SystemSupport

struct Hook: AsyncParsableCommand {
  static let configuration = CommandConfiguration(
    abstract: "Answer a hook of Claude Code with a short note of the agent's news.",
    discussion: """
      Reads the hook's JSON from standard input and answers in its format; prints nothing if there is no news. Each session is told \
      once, and nothing is marked as read. It never breaks a session: without a store it is silent.

      `hook rewake` waits for news. Then it exits with status 2 and the note on standard error: for a Stop hook with asyncRewake. \
      `install claude-code --hooks` writes all of them.

      Events: \(HookEvent.allCases.map(\.rawValue).joined(separator: ", ")).

      Example:
        echo '{"session_id":"1"}' | cowork-code-mcp-server hook Stop
      """)

  @Argument(help: "The event.")
  var event: HookEvent

  // Checked by the hook itself, because a setting that cannot be is no error to a session.
  @Option(Settings.identity) var name: String?
  @Option(Settings.store) var databaseURL: String?
  @Option(Settings.workspace) var workspace: String?
  @Option(Settings.logLevel) var logLevel: String?
  @Option(Settings.announceLimit) var limit: String?
  @Option(Settings.announceWindow) var window: String?

  /// The session waits for its hooks.
  private static let patience = Duration.seconds(2)
  /// How long a store may take.
  private static let storePatience = Duration.milliseconds(300)

  func run() async throws {
    let environment = ProcessInfo.processInfo.environment
    let end = HookEnd()
    if event == .rewake {
      end.follow(ClaudeSession(environment: environment, id: nil)?.process ?? ProcessIdentity.client)
    } else {
      Deadline.endProcess(after: Self.patience)
    }
    let input = HookInput.read()
    let session = ClaudeSession(environment: environment, id: input.session)
    guard input.wants(event, isAttended: session?.isAttended != false) else { return }
    let hook: Bound
    do { hook = try bound(to: session) } catch {
      // Once, to those who can mend it.
      guard event == .sessionStart, input.source == "startup", session?.isAttended != false else { return }
      let sentence = "The cowork bridge is not available in this session: \(PeerText.firstLine(of: "\(error)", limit: 400))"
      return try await StandardStreams.write(event.answer(sentence) + "\n")
    }
    if event == .userPromptSubmit, input.isTyped { hook.record?.userHasTyped() }
    if event == .sessionStart, ["compact", "resume"].contains(input.source) { hook.record?.forget() }
    // What cannot be recorded is told at the start alone.
    guard hook.record != nil || event == .sessionStart else { return }
    try await tell(hook, end)
  }

  /// What a hook needs.
  private struct Bound {
    let identity: Identity
    let location: StoreLocation
    let away: AwayStore
    let settings: Announcements.Settings
    let sessionName: String?
    let record: SessionRecord?
  }

  private func bound(to session: ClaudeSession?) throws -> Bound {
    let identity = try Settings.identity.value(name)
    let (url, workspace) = (try Settings.store.given(databaseURL), try Settings.workspace.given(workspace))
    let folder = SessionRecord.folder
    return Bound(
      identity: identity, location: try StoreLocation(url: url, workspace: workspace),
      away: AwayStore(folder: folder, store: "\(url ?? "") \(workspace?.name ?? "")"),
      settings: Announcements.Settings(
        limit: try Settings.announceLimit.value(limit), window: .seconds(try Settings.announceWindow.value(window))),
      sessionName: try Settings.session.given(nil),
      record: session.map { SessionRecord(folder: folder, session: $0, agent: identity.name) })
  }

  private func tell(_ hook: Bound, _ end: HookEnd) async throws {
    // Without a store there is no news, and a hook makes none.
    if case .sqlite(let path) = hook.location, FileIdentity(path: path) == nil { return }
    if event != .rewake {
      if hook.away.isRemembered { return }
      end.endProcess(after: Self.storePatience) { hook.away.remember() }
    }
    try await hook.location.withService(as: .command(of: hook.identity), logger: logger(), closingWithin: .milliseconds(100)) { service in
      if event == .rewake {
        try? await service.joinSession(named: hook.sessionName)
        guard let note = await Rewake(service: service, settings: hook.settings, record: hook.record, end: end).note() else { return }
        StandardStreams.writeError(note + "\n")
        throw ExitCode.rewake
      }
      let news: HookNews
      do {
        try await service.joinSession(named: hook.sessionName)
        news = try await service.hookNews(at: event.moment)
      } catch {
        // A store that is away is no reason to complain.
        return hook.away.remember()
      }
      end.tells()
      guard let note = news.note(for: hook.record, hook.settings) else { return }
      try? await StandardStreams.write(event.answer(note) + "\n")
    }
  }

  /// A log would be part of the note, so there is none unless the user asks for it.
  private func logger() -> Logger {
    guard let logLevel, let level = try? Settings.logLevel.value(logLevel) else {
      return Logger(label: "cowork-bridge") { _ in SwiftLogNoOpLogHandler() }
    }
    var logger = Logger(label: "cowork-bridge") { StreamLogHandler(label: $0, stream: LogStream()) }
    logger.logLevel = level
    return logger
  }
}

/// Ends the process when nobody waits for it any more, unless it tells: what is recorded as told must be told.
private final class HookEnd: Sendable {
  private let isTelling = Mutex(false)

  /// From here on the process ends by itself.
  func tells() { isTelling.withLock { $0 = true } }

  /// The same, if there is something to tell.
  func telling(_ note: () -> String?) -> String? {
    isTelling.withLock { isTelling in
      let note = note()
      isTelling = note != nil
      return note
    }
  }

  func endProcess(after limit: Duration, _ last: @escaping @Sendable () -> Void = {}) {
    let tick = Duration.milliseconds(10)
    // Short sleeps take longer on a busy machine, where the work does as well.
    start {
      for _ in 0..<Int(limit / tick) { Thread.sleep(forTimeInterval: tick / .seconds(1)) }
    } last: {
      last()
    }
  }

  /// Ends the process with its session, also where a shell between them stays.
  func follow(_ session: ProcessIdentity?) {
    let parent = ProcessIdentity.parent
    start {
      while ProcessIdentity.parent == parent, session?.isKnownDead != true { Thread.sleep(forTimeInterval: 1) }
    } last: {
    }
  }

  /// Ends the process when another one has taken the turn.
  func follow(_ turn: RewakeTurn) {
    start {
      while turn.isMine { Thread.sleep(forTimeInterval: 1) }
    } last: {
    }
  }

  private func start(_ wait: @escaping @Sendable () -> Void, last: @escaping @Sendable () -> Void) {
    try? SystemThread.start { [self] in
      wait()
      isTelling.withLock { isTelling in
        guard !isTelling else { return }
        last()
        _exit(0)
      }
    }
  }
}

extension ExitCode {
  /// With `asyncRewake`, wakes the session and shows it standard error.
  static let rewake = ExitCode(2)
}

extension HookEvent: ExpressibleByArgument {
  /// Accepts `session-start` and `sessionstart` as well.
  public init?(argument: String) {
    let name = argument.lowercased().filter { $0 != "-" && $0 != "_" }
    guard let event = Self.allCases.first(where: { $0.rawValue.lowercased() == name }) else { return nil }
    self = event
  }

  fileprivate var moment: HookMoment {
    switch self {
    case .sessionStart: .start
    case .userPromptSubmit: .prompt
    case .postToolUse, .stop, .rewake: .turn
    }
  }

  /// The answer that shows a note to the model.
  func answer(_ note: String) -> String {
    let answer: JSON =
      switch self {
      case .stop, .rewake: ["decision": "block", "reason": .string(note)]
      case .sessionStart, .userPromptSubmit, .postToolUse:
        ["hookSpecificOutput": ["hookEventName": .string(rawValue), "additionalContext": .string(note)]]
      }
    return String(decoding: answer.encoded(), as: UTF8.self)
  }
}

/// What Claude Code says about the event.
private struct HookInput {
  var session: String?
  /// The session continues only because a Stop hook asked for it.
  var isContinuation = false
  /// An event of a subagent, whose notes do not reach the session.
  var isSubagent = false
  /// Why a session begins.
  var source = "startup"
  /// Whether the user wrote the prompt: notes and what runs in the background come as prompts as well.
  var isTyped = true

  /// Reads standard input. A terminal, or a text that is not JSON, says nothing.
  static func read() -> HookInput {
    guard !FileDescriptor.standardInput.isTerminal, let json = try? JSON(decoding: FileDescriptor.standardInput.readToEnd()) else {
      return HookInput()
    }
    let prompt = json["prompt"]?.stringValue ?? ""
    return HookInput(
      session: json["session_id"]?.stringValue, isContinuation: json["stop_hook_active"]?.boolValue ?? false,
      isSubagent: json["agent_id"]?.stringValue?.isEmpty == false, source: json["source"]?.stringValue ?? "startup",
      isTyped: !prompt.hasPrefix("<task-notification>") && !prompt.contains(Announcements.mark))
  }

  /// Whether the event is to be answered. Nothing keeps a session from ending that no person sees.
  func wants(_ event: HookEvent, isAttended: Bool) -> Bool {
    switch event {
    case .sessionStart, .userPromptSubmit, .postToolUse: !isSubagent
    case .stop: isAttended && !isContinuation && !isSubagent
    case .rewake: isAttended && !isSubagent
    }
  }
}

/// Waits beside an idle session until there is something to tell.
///
/// Each turn of a session starts a new process. The newest waits; older ones end within seconds, as does one whose session has ended.
private struct Rewake {
  let service: BridgeService
  let settings: Announcements.Settings
  let record: SessionRecord?
  let end: HookEnd

  /// No hint is certain to come when an unreachable store comes back.
  private static let patience = Duration.seconds(15)

  /// Nil if a newer process waits.
  func note() async -> String? {
    guard let record else { return nil }
    let turn = RewakeTurn(path: record.path + ".rewake")
    let wakeUps = service.wakeUps(.idle)
    turn.take()
    end.follow(turn)
    let ticker = Task {
      while (try? await Task.sleep(for: Self.patience)) != nil { wakeUps.post(.resync) }
    }
    defer { ticker.cancel() }
    wakeUps.post(.resync)
    for await _ in wakeUps {
      guard let news = try? await service.hookNews(at: .turn) else { continue }
      guard turn.isMine else { return nil }
      if let note = end.telling({ news.note(for: record, settings) }) { return note }
    }
    return nil
  }
}

/// Whose turn it is to wait for a session: the last that took it.
private struct RewakeTurn {
  let path: String
  private let name = Array(UniqueID.make().utf8)

  init(path: String) { self.path = path }

  func take() {
    try? FileSystem.makeFolder(FileSystem.split(path).folder)
    try? NewFile.write(name, to: path, replacing: true)
  }

  /// True also if it cannot be known.
  var isMine: Bool { FileSystem.contents(of: path).map { $0 == name } ?? true }
}
