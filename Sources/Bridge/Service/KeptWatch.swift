import Synchronization
import SystemSupport

/// Hints for what no write announces: a session whose process has ended, or whose time is over, leaves what was kept for it to others, and
/// whoever has locked a row leaves it as it was.
///
/// It works only while something is kept or locked and somebody waits.
final class KeptWatch: Sendable {
  private struct State {
    var isRunning = false
    /// Whether the last look found something that is kept for others.
    var hasKept = false
    /// How much a look has found that ``isMore(_:)`` was asked about, or less if less was found since.
    var known = 0
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

  /// A look has found so much that is kept for others.
  func found(_ count: Int) {
    let starts = state.withLock { state in
      state.hasKept = count > 0
      state.known = min(state.known, count)
      defer { state.isRunning = state.isRunning || state.hasKept }
      return state.hasKept && !state.isRunning
    }
    if starts { Task { [weak self] in await self?.run() } }
  }

  /// Whether so much is more than when this was last asked.
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
      state.isRunning = state.hasKept && isUsed
      return state.isRunning
    }
  }
}
