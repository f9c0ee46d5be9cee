import ArgumentParser
import Bridge
import BridgeServer
import ClientSetup
import JSON
import Logging
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

  @OptionGroup var acting: IdentityOption
  @OptionGroup var store: StoreOptions
  @OptionGroup var loopGuard: LoopGuardOptions

  /// The session waits for its hooks.
  private static let patience = Duration.seconds(2)

  func run() async throws {
    let identity = try acting.identity()
    let location = try store.location()
    let settings = try loopGuard.settings()
    if event != .rewake { Deadline.endProcess(after: Self.patience) }
    // Without a store there is no news, and a hook makes none.
    if case .sqlite(let path) = location, FileIdentity(path: path) == nil { return }
    let input = HookInput.read()
    guard input.wants(event) else { return }
    try await location.withService(as: .command(of: identity), logger: logger(), closingWithin: .milliseconds(100)) { service in
      // A store that is away is no reason to complain.
      try? await service.joinSession(named: Settings.session.given(nil))
      let record = input.session.flatMap { SessionRecord(session: $0, agent: identity.name) }
      if event == .rewake {
        guard let note = await Rewake(service: service, settings: settings, record: record).note() else { return }
        StandardStreams.writeError(note + "\n")
        throw ExitCode.rewake
      }
      guard let note = try? await service.hookNote(for: record, settings, includesOpenTasks: event == .sessionStart) else { return }
      try? await StandardStreams.write(event.answer(note) + "\n")
    }
  }

  /// A log would be part of the note, so there is none unless the user asks for it.
  private func logger() throws -> Logger {
    store.logging.logLevel == nil ? Logger(label: "cowork-bridge") { _ in SwiftLogNoOpLogHandler() } : try store.logger()
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
struct HookInput {
  var session: String?
  /// The session continues only because a Stop hook asked for it.
  var isContinuation = false
  /// An event of a subagent, whose notes do not reach the session.
  var isSubagent = false

  /// Reads standard input. A terminal, or a text that is not JSON, says nothing.
  static func read() -> HookInput {
    guard !FileDescriptor.standardInput.isTerminal, let json = try? JSON(decoding: FileDescriptor.standardInput.readToEnd()) else {
      return HookInput()
    }
    return HookInput(
      session: json["session_id"]?.stringValue, isContinuation: json["stop_hook_active"]?.boolValue ?? false,
      isSubagent: json["agent_id"]?.stringValue?.isEmpty == false)
  }

  /// Whether the event is to be answered. An answer that makes the session continue needs the session's id, or it would come again.
  func wants(_ event: HookEvent) -> Bool {
    switch event {
    case .sessionStart, .userPromptSubmit: !isSubagent
    case .postToolUse, .rewake: session != nil && !isSubagent
    case .stop: session != nil && !isContinuation && !isSubagent
    }
  }
}

/// Waits beside an idle session until there is something to tell.
///
/// Each turn of a session starts a new process. The newest waits; older ones end within seconds, as does one whose session has ended.
struct Rewake {
  let service: BridgeService
  let settings: Announcements.Settings
  let record: SessionRecord?

  private static let patience = Duration.seconds(2)
  /// A hint of our own, on which only the session is looked after.
  private static let tick = WakeUp(rawValue: 0x80)

  /// Nil if a newer process waits, or the session has ended.
  func note() async -> String? {
    let turn = record.map { RewakeTurn(path: $0.path + ".rewake") }
    let parent = ProcessIdentity.parent
    let wakeUps = service.wakeUps(.idle)
    turn?.take()
    let ticker = Task {
      while (try? await Task.sleep(for: Self.patience)) != nil { wakeUps.post(Self.tick) }
    }
    defer { ticker.cancel() }
    wakeUps.post(.resync)
    var lastLook: ContinuousClock.Instant?
    for await hint in wakeUps {
      guard ProcessIdentity.parent == parent, turn?.isMine != false else { return nil }
      // No hint is certain to come when an unreachable store comes back.
      if hint == Self.tick, let lastLook, lastLook.duration(to: .now) < .seconds(15) { continue }
      lastLook = .now
      if let note = try? await service.hookNote(for: record, settings) { return note }
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
