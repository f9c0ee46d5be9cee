import Synchronization
import SystemSupport

/// Hints for what no write announces: a session whose process has ended, or whose time is over, leaves what was kept for it to others, and
/// whoever has locked a row leaves it as it was.
///
/// It works only while something is kept or locked and somebody waits.
final class KeptWatch: Sendable {
  private struct State {
    var isRunning = false
    /// How much the last look found that is kept for others, and how much that was locked.
    var kept = 0
    var locked = 0
    /// How much ``isMore(_:)`` was last asked about, or less if less was found since.
    var known = 0

    var isNeeded: Bool { kept + locked > 0 }
  }

  private static let pause = Duration.milliseconds(200)
  /// Looks that nothing but the time calls for: soon, because an instance leaves a reply to another one of its session for a moment, and then
  /// now and then.
  private static let (first, next) = (2, 10)

  private let state = Mutex(State())
  private let subscribers = Subscribers()
  private let sessions: @Sendable () async throws -> [SessionSummary]

  /// - Parameter sessions: the sessions of the agent.
  init(sessions: @escaping @Sendable () async throws -> [SessionSummary]) { self.sessions = sessions }

  /// Posts the hints to a sequence as well, while it is used.
  func add(_ wakeUps: WakeUps) { subscribers.add(wakeUps) }

  /// A look has found so much that is kept for others, and so much that was locked; nil where it did not look for that.
  func found(kept: Int? = nil, locked: Int? = nil) {
    let starts = state.withLock { state in
      state.kept = kept ?? state.kept
      state.locked = locked ?? state.locked
      state.known = min(state.known, state.kept)
      defer { state.isRunning = state.isRunning || state.isNeeded }
      return state.isNeeded && !state.isRunning
    }
    if starts { Task { [weak self] in await self?.run() } }
  }

  /// Whether so much that is kept is more than when this was last asked.
  func isMore(_ count: Int) -> Bool {
    state.withLock { state in
      defer { state.known = count }
      return count > state.known
    }
  }

  private func run() async {
    var alive: [SessionSummary] = []
    var round = 0
    while isNeeded {
      if round % Self.next == 0 { alive = (try? await sessions().filter(\.isAlive)) ?? alive }
      do { try await Task.pause(for: Self.pause) } catch { break }
      round += 1
      let ended = alive.contains { $0.isRunning == false }
      if ended { alive.removeAll { $0.isRunning == false } }
      if ended || round == Self.first || round % Self.next == 0 { subscribers.post(.resync) }
    }
  }

  private var isNeeded: Bool {
    let isUsed = subscribers.urgency != nil
    return state.withLock { state in
      state.isRunning = state.isNeeded && isUsed
      return state.isRunning
    }
  }
}
