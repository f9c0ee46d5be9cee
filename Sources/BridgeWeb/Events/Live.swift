import Bridge
import BridgeServer
import JSON
import Logging
import SystemSupport

/// Follows the store: what happens in it, how it stands, and whether it can be reached.
struct Live: Sendable {
  /// Each with one line of JSON.
  enum Event: Sendable {
    case entries([UInt8])
    case state([UInt8])
    case store([UInt8])
  }

  /// How often the state is looked at without a hint, and at most.
  private static let (pause, interval) = (Duration.seconds(2), Duration.milliseconds(250))
  /// The most entries of one event.
  private static let entries = 50

  let store: any BridgeStore
  let logger: Logger
  /// The state, and what of it says whether it has changed.
  let state: @Sendable () async throws(BridgeError) -> WebState

  /// Until the task is cancelled. The first state comes once nothing more is missed.
  func follow(_ post: @escaping @Sendable (Event) -> Void) async {
    let begun = Once<Bool>()
    await withTaskGroup(of: Void.self) { group in
      group.addTask { await followTranscript(begun, post) }
      group.addTask {
        if await begun.wait() != nil { await followState(post) }
      }
    }
  }

  private func followTranscript(_ begun: Once<Bool>, _ post: @escaping @Sendable (Event) -> Void) async {
    let reader = store.transcript(of: nil, from: TranscriptStart(last: 0))
    let follower = Follower(store: store, reader: reader) { entries in
      for start in stride(from: 0, to: entries.count, by: Self.entries) {
        let part = entries[start..<min(start + Self.entries, entries.count)]
        post(.entries(JSON.array(part.map { $0.web }).encoded()))
      }
    }
    while !Task.isCancelled {
      let error = await follower.run { begun.set(true) }
      if Task.isCancelled { return }
      logger.debug("not following", metadata: ["error": "\(error)"])
      post(.store(Self.away(error)))
      try? await Task.pause(for: .seconds(1))
    }
  }

  private func followState(_ post: @escaping @Sendable (Event) -> Void) async {
    let wakeUps = store.wakeUpsForAll()
    let timer = Task { [weak wakeUps] in
      while (try? await Task.pause(for: Self.pause)) != nil { wakeUps?.post(.resync) }
    }
    defer { timer.cancel() }
    var last: WebState?
    var isAway = false
    wakeUps.post(.resync)
    for await _ in wakeUps {
      let start = ContinuousClock.now
      do throws(BridgeError) {
        let state = try await self.state()
        if isAway { post(.store(JSON.object(["up": true]).encoded())) }
        if isAway || last?.isSame(as: state) != true { post(.state(state.json.encoded())) }
        (last, isAway) = (state, false)
      } catch {
        if Task.isCancelled { return }
        if !isAway { post(.store(Self.away(error))) }
        isAway = true
      }
      // A large store is not kept busy.
      guard (try? await Task.pause(for: max(Self.interval, start.duration(to: .now) * 4))) != nil else { return }
    }
  }

  private static func away(_ error: any Error) -> [UInt8] {
    JSON.object(["up": false, "message": .string("\(error)")]).encoded()
  }
}
