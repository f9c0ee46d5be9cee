import ArgumentParser
import Bridge
import BridgeServer
import Foundation
import Logging

struct Hook: AsyncParsableCommand {
  static let configuration = CommandConfiguration(
    abstract: "Answers a hook of Claude Code: a short note of what is new for the agent.",
    discussion: """
      Reads the hook's JSON on standard input and answers in its format; nothing where there is nothing new. The same is told once a \
      session, and nothing is marked as read. It never breaks a session: without a store it is silent.

      `hook rewake` waits, and exits with status 2 and the note on standard error once there is something: for a Stop hook with \
      asyncRewake. `install claude-code --hooks` writes all of them.

      Events: SessionStart, UserPromptSubmit, PostToolUse, Stop, rewake.
      """)

  @Argument(help: "The event.")
  var event: HookEvent

  @OptionGroup var acting: IdentityOption
  @OptionGroup var store: StoreOptions
  @OptionGroup var loopGuard: LoopGuardOptions

  /// A hook that takes longer keeps a session waiting.
  private static let patience: TimeInterval = 2

  func run() async throws {
    let identity = try acting.identity()
    let location = try store.location()
    let settings = try loopGuard.settings()
    if event != .rewake { Self.endAfter(Self.patience) }
    guard location.mayExist else { return }
    let input = HookInput.read()
    guard input.wants(event) else { return }
    let logger = try logger()
    let service = BridgeService(store: location.makeStore(logger: logger), identity: identity, logger: logger)
    let record = input.session.flatMap { SessionFiles.record(session: $0, agent: identity.name) }
    let notes = HookNotes(service: service, settings: settings, record: record)
    if event == .rewake {
      guard let note = await Rewake(service: service, notes: notes, record: record).note() else { return }
      StandardStreams.writeError(note + "\n")
      throw ExitCode.rewake
    }
    guard let note = try? await notes.next(includesOpenTasks: event == .sessionStart) else { return }
    try? await StandardStreams.write(event.answer(note) + "\n")
    await service.close()
  }

  /// What is logged would be part of the note: nothing is, unless somebody wants to see it.
  private func logger() throws -> Logger {
    store.logging.logLevel == nil ? Logger(label: "cowork-bridge") { _ in SwiftLogNoOpLogHandler() } : try store.logger()
  }

  private static func endAfter(_ seconds: TimeInterval) {
    Thread.detachNewThread {
      Thread.sleep(forTimeInterval: seconds)
      _exit(0)
    }
  }
}

extension ExitCode {
  /// With `asyncRewake` the session is woken and shown what stands on standard error.
  static let rewake = ExitCode(2)
}

extension StoreLocation {
  /// Whether there can be anything to tell. A hook makes no store.
  var mayExist: Bool {
    guard case .sqlite(let path) = self else { return true }
    return FileManager.default.fileExists(atPath: path)
  }
}
