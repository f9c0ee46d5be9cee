import Synchronization

/// The waiting calls of this process. What they will return needs no announcement.
public final class WaitingCalls: Sendable {
  struct Interest: Hashable, Sendable {
    /// Only messages of this sender; nil for all.
    var sender: String?
    var includesTasks: Bool
    /// Only the reply to this message.
    var reply: String?
  }

  private let waiting = Mutex<[Interest]>([])
  private let subscribers = Subscribers()
  private let present = Subscribers()
  private let isOver = Atomic(false)

  init() {}

  /// Whether a waiting call will return a message of this sender, or for nil, news of a task.
  public func willReturn(messageFrom sender: String??) -> Bool {
    waiting.withLock(\.self).contains { interest in
      if interest.reply != nil { return false }
      guard let sender else { return interest.includesTasks }
      return interest.sender == nil || interest.sender == sender
    }
  }

  /// A hint after each wait that ends, until the sequence is dropped.
  public func changes() -> WakeUps { subscribers.subscribe(.idle) }

  /// From now on calls wait no more: those that do, return with what is there.
  public func finish() {
    isOver.store(true, ordering: .sequentiallyConsistent)
    present.finish()
  }

  /// Ends the hints of a call that waits once ``finish()`` is called.
  func add(_ wakeUps: WakeUps) {
    present.add(wakeUps)
    if isOver.load(ordering: .sequentiallyConsistent) { wakeUps.finish() }
  }

  func during<Value>(_ interest: Interest, _ wait: () async throws -> Value) async rethrows -> Value {
    waiting.withLock { $0.append(interest) }
    defer {
      waiting.withLock { waiting in _ = waiting.firstIndex(of: interest).map { waiting.remove(at: $0) } }
      subscribers.post([.messages, .tasks])
    }
    return try await wait()
  }
}
