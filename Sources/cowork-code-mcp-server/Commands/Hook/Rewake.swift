import Bridge
import BridgeServer
import Foundation

/// Waits beside an idle session until there is something to tell.
///
/// Each turn of a session starts another one. The newest waits; the others end within seconds, and so does one whose session has ended.
struct Rewake {
  let service: BridgeService
  let notes: HookNotes
  let record: SessionRecord?

  private static let patience = Duration.seconds(2)
  /// A hint of our own, for nothing but looking after the session.
  private static let tick = WakeUp(rawValue: 0x80)

  /// Nil when another one waits, or nobody is left to be told.
  func note() async -> String? {
    let turn = record.map { RewakeTurn(record: $0) }
    let parent = getppid()
    let wakeUps = service.wakeUps(.idle)
    turn?.take()
    let ticker = Task {
      while (try? await Task.sleep(for: Self.patience)) != nil { wakeUps.post(Self.tick) }
    }
    defer { ticker.cancel() }
    wakeUps.post(.resync)
    var lastLook: ContinuousClock.Instant?
    for await hint in wakeUps {
      guard getppid() == parent, turn?.isMine != false else { return nil }
      // A store that cannot be reached comes back, and no hint says so for certain.
      if hint == Self.tick, let lastLook, lastLook.duration(to: .now) < .seconds(15) { continue }
      lastLook = .now
      if let note = try? await notes.next() { return note }
    }
    return nil
  }
}

/// Whose turn it is to wait for a session: the last that took it.
private struct RewakeTurn {
  private let path: String
  private let name = UniqueID.make()

  init(record: SessionRecord) { path = record.path + ".rewake" }

  func take() {
    let folder = (path as NSString).deletingLastPathComponent
    try? FileManager.default.createDirectory(atPath: folder, withIntermediateDirectories: true, attributes: [.posixPermissions: 0o700])
    try? Data(name.utf8).write(to: URL(fileURLWithPath: path), options: .atomic)
  }

  /// Also where it cannot be known.
  var isMine: Bool {
    guard let data = FileManager.default.contents(atPath: path) else { return true }
    return data == Data(name.utf8)
  }
}
