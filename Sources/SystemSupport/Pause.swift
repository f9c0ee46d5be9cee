import CSystemSupport
import Synchronization

extension Task where Success == Never, Failure == Never {
  /// Like `sleep(for:)`, but on Linux without libdispatch, whose threads would go on waking up (``TaskThreads/runAllTasks()``).
  ///
  /// - Throws: `CancellationError`.
  public static func pause(for duration: Duration) async throws { try await pause(until: .now + duration) }

  /// Like `sleep(until:clock:)`.
  ///
  /// - Throws: `CancellationError`.
  public static func pause(until deadline: ContinuousClock.Instant) async throws {
    #if os(Linux)
      if let alarms = Alarms.shared { return try await alarms.wait(until: deadline) }
    #endif
    try await sleep(until: deadline, clock: .continuous)
  }
}

extension ContinuousClock.Instant {
  private static let start = ContinuousClock.now

  /// The next whole number of intervals after a moment that is the same in the whole process. What is done at such times wakes an idle process once for all.
  ///
  /// - Parameters:
  ///   - interval: zero is at once.
  ///   - pause: the least time from now.
  public static func next(_ interval: Duration, after pause: Duration = .zero) -> Self {
    guard interval > .zero else { return .now }
    return start + interval * (Int((.now - start + pause) / interval) + 1)
  }
}

#if os(Linux)
  /// Resumes tasks at given times, by one timer and one thread.
  private final class Alarms: Sendable {
    /// Nil where descriptors or threads are exhausted.
    static let shared = start()

    private struct Alarm {
      let time: ContinuousClock.Instant
      let continuation: CheckedContinuation<Void, any Error>
    }

    private struct State {
      var alarms: [Int: Alarm] = [:]
      var count = 0
      /// When the timer expires.
      var next: ContinuousClock.Instant?
    }

    private let timer: FileDescriptor
    private let state = Mutex(State())

    private init(timer: FileDescriptor) { self.timer = timer }

    private static func start() -> Alarms? {
      let descriptor = make_timer()
      guard descriptor >= 0 else { return nil }
      let alarms = Alarms(timer: FileDescriptor(rawValue: descriptor))
      do throws(SystemError) {
        try SystemThread.start(stackSize: SystemThread.largeStack) {
          while (try? alarms.timer.readSome(upTo: 8)) != nil { alarms.ring() }
        }
        return alarms
      } catch {
        try? alarms.timer.close()
        return nil
      }
    }

    func wait(until time: ContinuousClock.Instant) async throws {
      let id = state.withLock { state in
        state.count += 1
        return state.count
      }
      try await withTaskCancellationHandler {
        try await withCheckedThrowingContinuation { continuation in
          let isSet = state.withLock { state in
            // A cancellation from here on finds the alarm.
            if Task.isCancelled { return false }
            state.alarms[id] = Alarm(time: time, continuation: continuation)
            if state.next.map({ time < $0 }) ?? true { set(time, &state) }
            return true
          }
          if !isSet { continuation.resume(throwing: CancellationError()) }
        }
      } onCancel: {
        state.withLock { $0.alarms.removeValue(forKey: id) }?.continuation.resume(throwing: CancellationError())
      }
    }

    private func set(_ time: ContinuousClock.Instant, _ state: inout State) {
      state.next = time
      let (seconds, attoseconds) = ContinuousClock.now.duration(to: time).components
      // Thirty years will do.
      set_timer(timer.rawValue, max(1, min(seconds, 1_000_000_000) * 1_000_000_000 + attoseconds / 1_000_000_000))
    }

    private func ring() {
      let due = state.withLock { state in
        let now = ContinuousClock.now
        let due = state.alarms.filter { $0.value.time <= now }
        for id in due.keys { state.alarms[id] = nil }
        state.next = nil
        if let next = state.alarms.values.map(\.time).min() { set(next, &state) }
        return due
      }
      for (_, alarm) in due.sorted(by: { $0.value.time < $1.value.time }) { alarm.continuation.resume() }
    }
  }
#endif
