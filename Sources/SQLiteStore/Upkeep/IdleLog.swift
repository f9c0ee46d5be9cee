import GRDB
import Synchronization
import SystemSupport

/// The whole log goes into the file once nothing was committed for some seconds, so that a copy of the file is whole.
extension Connections {
  /// Call after a commit, of this process or of another one. A heartbeat is none: an idle server would wake up more often.
  func settleLater() {
    checkpoints.noteCommit()
    settle(after: checkpoints.schedule.idle)
  }

  private func settle(after pause: Duration) {
    guard !isSettling.exchange(true, ordering: .acquiringAndReleasing) else { return }
    Task { [weak self] in
      try? await Task.pause(for: pause)
      self?.isSettling.store(false, ordering: .releasing)
      await self?.settle(paused: pause)
    }
  }

  private func settle(paused pause: Duration) async {
    let rest = checkpoints.timeUntilIdle
    if rest > .zero { return settle(after: rest) }
    guard let open = current() else { return }
    let isDone = await withTaskExecutorPreference(TaskThreads.shared) {
      TaskThreads.shared.blocking { settle(open) }
    }
    // Another process has just made a checkpoint, or somebody has been reading for long.
    if !isDone { settle(after: min(pause * 2, .seconds(8))) }
  }

  /// - Returns: whether the whole log is in the file.
  private func settle(_ open: Open) -> Bool {
    writers.add(1, ordering: .relaxed)
    defer { writers.subtract(1, ordering: .relaxed) }
    return open.writer.writeWithoutTransaction { checkpoints.settle($0) }
  }

  /// Other processes may go on for long without a look at what this one has written.
  func settleBeforeClosing() {
    if checkpoints.isUnsettled.load(ordering: .relaxed), let open = current() { _ = settle(open) }
  }
}

/// What tells that messages or tasks have changed, and not only what is kept of presence and leases.
struct LastRows: Equatable {
  private let message: Int64?
  private let change: Int64?

  init(_ db: Database) throws {
    message = try db.value("SELECT MAX(rowid) FROM messages")
    change = try db.value("SELECT MAX(seq) FROM task_events")
  }
}
