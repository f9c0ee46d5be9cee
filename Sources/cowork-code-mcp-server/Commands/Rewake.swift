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
  let end: HookEnd

  /// No hint is certain to come when an unreachable store comes back.
  private static let patience = Duration.seconds(15)

  /// Nil if a newer process waits.
  func note() async -> HookNote? {
    guard let record else { return nil }
    let turn = RewakeTurn(path: record.path + ".rewake")
    let wakeUps = service.wakeUps(.idle)
    // Where no turn can be taken, nothing can be told either, and one process would wait for each turn of the session.
    guard turn.take() else { return nil }
    end.follow(turn)
    let ticker = Task {
      while (try? await Task.pause(for: Self.patience)) != nil { wakeUps.post(.resync) }
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
struct RewakeTurn {
  let path: String
  private let name = Array(UniqueID.make().utf8)

  init(path: String) { self.path = path }

  /// - Returns: whether it could be recorded.
  func take() -> Bool {
    try? FileSystem.makeFolder(FileSystem.split(path).folder)
    return (try? NewFile.write(name, to: path, replacing: true)) != nil
  }

  /// True also if it cannot be known.
  var isMine: Bool { FileSystem.contents(of: path).map { $0 == name } ?? true }
}
