import Foundation
import SQLiteStore
import Synchronization
import SystemSupport

/// Ends the process when nobody waits for it any more, unless it tells: what is recorded as told must be told.
final class HookEnd: Sendable {
  private let isTelling = Mutex(false)

  /// From here on the process ends by itself.
  func tells() { isTelling.withLock { $0 = true } }

  /// The same, if there is something to tell.
  func telling<Note>(_ note: () -> Note?) -> Note? {
    isTelling.withLock { isTelling in
      let note = note()
      isTelling = note != nil
      return note
    }
  }

  func endProcess(
    after limit: Duration, unless isNeeded: @escaping @Sendable () -> Bool = { false }, last: @escaping @Sendable () -> Void = {}
  ) {
    let tick = Duration.milliseconds(10)
    // Short sleeps take longer on a busy machine, where the work does as well.
    start(last) {
      for _ in 0..<Int(limit / tick) { Thread.sleep(forTimeInterval: tick / .seconds(1)) }
      return !isNeeded()
    }
  }

  /// Ends the process with its session, also where a shell between them stays.
  func follow(_ session: ProcessIdentity?) {
    let parent = ProcessIdentity.parent
    start {
      while ProcessIdentity.parent == parent, session?.isKnownDead != true { Thread.sleep(forTimeInterval: 1) }
      return true
    }
  }

  /// Ends the process when another one has taken the turn.
  func follow(_ turn: RewakeTurn) {
    start {
      while turn.isMine { Thread.sleep(forTimeInterval: 1) }
      return true
    }
  }

  /// - Parameter wait: returns whether the process is to end.
  private func start(_ last: @escaping @Sendable () -> Void = {}, _ wait: @escaping @Sendable () -> Bool) {
    try? SystemThread.start { [self] in
      guard wait() else { return }
      isTelling.withLock { isTelling in
        guard !isTelling else { return }
        last()
        _exit(0)
      }
    }
  }
}

extension StoreLocation {
  /// Whether its server has said nothing to this process yet.
  var isSilent: Bool { if case .postgres(let settings, _) = self { !settings.hasAnswered } else { false } }

  /// When a call has begun that may wait for a lock for so long from now on. A busy machine, other than a lock, ends none.
  func start(waitingFor limit: Duration) -> ContinuousClock.Instant? {
    if case .sqlite = self { .now - (SQLiteStore.Options().busyTimeout - limit) } else { nil }
  }
}
