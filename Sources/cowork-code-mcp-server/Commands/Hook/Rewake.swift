import Bridge
import BridgeServer
import SystemSupport

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
