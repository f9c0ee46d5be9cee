import Synchronization

/// A clock that only advances on request.
public final class ManualClock: Clock, Sendable {
  public struct Instant: InstantProtocol {
    public let offset: Duration
    public func advanced(by duration: Duration) -> Instant { Instant(offset: offset + duration) }
    public func duration(to other: Instant) -> Duration { other.offset - offset }
    public static func < (left: Instant, right: Instant) -> Bool { left.offset < right.offset }
  }

  private struct Sleeper {
    let until: Instant
    let continuation: CheckedContinuation<Void, any Error>
  }

  private struct State {
    var now = Instant(offset: .zero)
    var sleepers: [UInt64: Sleeper] = [:]
    var lastID: UInt64 = 0
    var watchers: [(Duration?, Int, CheckedContinuation<Void, Never>)] = []
  }

  private let state = Mutex(State())

  public init() {}

  public var now: Instant { state.withLock { $0.now } }
  public var minimumResolution: Duration { .zero }

  public func sleep(until deadline: Instant, tolerance: Duration? = nil) async throws {
    let id = state.withLock { state in
      state.lastID += 1
      return state.lastID
    }
    try await withTaskCancellationHandler {
      try await withCheckedThrowingContinuation { (continuation: CheckedContinuation<Void, any Error>) in
        let (isDue, watchers) = state.withLock { state -> (Bool?, [CheckedContinuation<Void, Never>]) in
          if Task.isCancelled { return (nil, []) }
          if deadline <= state.now { return (true, []) }
          state.sleepers[id] = Sleeper(until: deadline, continuation: continuation)
          return (false, Self.satisfied(&state))
        }
        for watcher in watchers { watcher.resume() }
        switch isDue {
        case nil: continuation.resume(throwing: CancellationError())
        case true?: continuation.resume()
        case false?: break
        }
      }
    } onCancel: {
      state.withLock { $0.sleepers.removeValue(forKey: id) }?.continuation.resume(throwing: CancellationError())
    }
  }

  /// Returns when at least that many tasks sleep; with `duration`, tasks that have exactly that long to sleep.
  public func sleepers(_ count: Int = 1, for duration: Duration? = nil) async {
    await withCheckedContinuation { continuation in
      let watchers = state.withLock { state in
        state.watchers.append((duration, count, continuation))
        return Self.satisfied(&state)
      }
      for watcher in watchers { watcher.resume() }
    }
  }

  /// Wakes the tasks that are due, in order.
  public func advance(by duration: Duration) {
    let due = state.withLock { state -> [Sleeper] in
      state.now = state.now.advanced(by: duration)
      let due = state.sleepers.filter { $0.value.until <= state.now }
      for id in due.keys { state.sleepers.removeValue(forKey: id) }
      return due.values.sorted { $0.until < $1.until }
    }
    for sleeper in due { sleeper.continuation.resume() }
  }

  private static func satisfied(_ state: inout State) -> [CheckedContinuation<Void, Never>] {
    let now = state.now
    let sleepers = state.sleepers
    func isSatisfied(_ duration: Duration?, _ count: Int) -> Bool {
      sleepers.values.filter { sleeper in duration.map { sleeper.until.offset - now.offset == $0 } ?? true }.count >= count
    }
    let ready = state.watchers.filter { isSatisfied($0.0, $0.1) }.map(\.2)
    state.watchers.removeAll { isSatisfied($0.0, $0.1) }
    return ready
  }
}
