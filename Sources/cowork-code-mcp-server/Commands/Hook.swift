import ArgumentParser
import Bridge
import BridgeServer
import ClientSetup
import Foundation
import JSON
import Logging
import SystemSupport

struct Hook: AsyncParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "hook",
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
  /// How long a store may say nothing.
  private static let silence = Duration.milliseconds(300)
  /// How long a store that is far away may take.
  private static let storePatience = Duration.milliseconds(1500)

  func run() async throws {
    let environment = ProcessInfo.processInfo.environment
    let end = HookEnd()
    if event == .rewake {
      end.follow(ClaudeSession(environment: environment, id: nil)?.process ?? ProcessIdentity.client)
    } else {
      end.endProcess(after: Self.patience)
    }
    let input = HookInput.read()
    let session = ClaudeSession(environment: environment, id: input.session)
    guard input.wants(event, isAttended: session?.isAttended != false) else { return }
    let hook: Bound
    do { hook = try bound(to: session) } catch {
      // Once, to those who can mend it.
      guard event == .sessionStart, input.source == "startup", session?.isAttended != false else { return }
      let sentence = "The cowork bridge is not available in this session: \(PeerText.firstLine(of: "\(error)", limit: 400))"
      try? await StandardStreams.write(event.answer(sentence) + "\n")
      return
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
    if event != .rewake {
      if hook.away.isRemembered { return }
      end.endProcess(after: Self.silence, unless: { !hook.location.isSilent }, last: hook.away.remember)
      end.endProcess(after: Self.storePatience, last: hook.away.remember)
    }
    try await hook.location.withService(as: .command(of: hook.identity), logger: logger(), closingWithin: .milliseconds(100)) { service in
      // Without a store there is no news, and a hook makes none.
      if (try? await service.hasStore()) == false { return }
      if event == .rewake {
        try? await service.joinSession(named: hook.sessionName)
        guard let note = await Rewake(service: service, settings: hook.settings, record: hook.record, end: end).note() else { return }
        guard await write(note, note.text, to: .standardError) else { return }
        throw ExitCode.rewake
      }
      let news: HookNews
      do {
        news = try await CallStart.with(hook.location.start(waitingFor: Self.silence)) {
          try await service.joinSession(named: hook.sessionName)
          return try await service.hookNews(at: event.moment)
        }
      } catch {
        // A store that is away is no reason to complain.
        return hook.away.remember()
      }
      end.tells()
      guard let note = news.note(for: hook.record, hook.settings) else { return }
      await write(note, event.answer(note.text))
    }
  }

  /// - Returns: whether the session is told. Where it is not, it can be told later.
  @discardableResult
  private func write(_ note: HookNote, _ text: String, to stream: FileDescriptor = .standardOutput) async -> Bool {
    do { try await StandardStreams.write(text + "\n", to: stream) } catch {
      note.takeBack()
      return false
    }
    return true
  }

  /// A log would be part of the note, so there is none unless the user asks for it.
  private func logger() -> Logger {
    guard let logLevel, let level = try? Settings.logLevel.value(logLevel) else { return .silent }
    return .standardError(level)
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
    let prompt = json["prompt"]?.shownString ?? ""
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
