extension BridgeService {
  /// Looks; where there is nothing, waits for hints and looks again until something comes or the time is over.
  ///
  /// Subscribes before the first look, so that nothing falls between. What is found when the task has been cancelled is given back.
  func firstNews(within seconds: Int, look: @Sendable () async throws -> Delivery) async throws -> Delivery {
    guard seconds > 0 else { return try await keep(look()) }
    let wakeUps = store.wakeUps(for: identity, .waiting)
    let deadline = Deadline(.seconds(seconds), ends: wakeUps)
    defer { deadline.cancel() }
    var found = try await keep(look())
    guard found.isEmpty else { return found }
    for await _ in wakeUps {
      found = try await keep(look())
      if !found.isEmpty { return found }
    }
    try Task.checkCancellation()
    return try await keep(look())
  }

  private func keep(_ delivery: Delivery) async throws -> Delivery {
    guard Task.isCancelled else { return delivery }
    await undelivered(delivery.batch)
    throw CancellationError()
  }
}

/// Ends a sequence of hints when its time is over.
struct Deadline {
  private let timer: Task<Void, Never>

  init(_ duration: Duration, ends wakeUps: WakeUps) {
    timer = Task { [weak wakeUps] in
      guard (try? await Task.sleep(for: duration)) != nil else { return }
      wakeUps?.finish()
    }
  }

  func cancel() { timer.cancel() }
}
