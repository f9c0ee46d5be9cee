extension BridgeService {
  /// Looks, and looks again after each hint until there is news or the time-out.
  ///
  /// Subscribes before the first look, so that nothing is missed. What is found after a cancellation is given back. If the store becomes
  /// unavailable, the call keeps waiting, and fails only after the time-out.
  func firstNews(
    within seconds: Int, _ request: TakeRequest, look: @Sendable @escaping () async throws -> Delivery
  ) async throws -> Delivery {
    guard seconds > 0 else { return try await keep(look()) }
    return try await waits.during(.init(sender: request.sender, includesTasks: request.includesTasks)) {
      try await waitForNews(seconds, look: look)
    }
  }

  /// Ends before clients give up: a store that hangs is an error, and what it finds later is given back.
  private func waitForNews(_ seconds: Int, look: @Sendable @escaping () async throws -> Delivery) async throws -> Delivery {
    let wakeUps = store.wakeUps(for: identity, .waiting)
    let end = ContinuousClock.now + .seconds(seconds)
    let first = FirstOf<Delivery>()
    let search = Task(executorPreference: store.executor) {
      let outcome: Result<Delivery, any Error>
      do { outcome = .success(try await self.search(wakeUps, look: look)) } catch { outcome = .failure(error) }
      if !first.settle(outcome), case .success(let late) = outcome { await self.undelivered(late.lease) }
    }
    let timer = Task(executorPreference: store.executor) { [weak wakeUps] in
      guard (try? await Task.sleep(until: end, clock: .continuous)) != nil else { return }
      wakeUps?.finish()
      guard (try? await Task.sleep(until: end + .seconds(3), clock: .continuous)) != nil else { return }
      _ = first.settle(
        .failure(BridgeError(.storeUnavailable, "The store did not answer in time: check that it can be reached, and call again.")))
      search.cancel()
    }
    defer { timer.cancel() }
    return try await withTaskCancellationHandler {
      try await keep(first.value)
    } onCancel: {
      search.cancel()
    }
  }

  /// Looks now, after each hint, and once more after the last hint.
  private func search(_ wakeUps: WakeUps, look: () async throws -> Delivery) async throws -> Delivery {
    var found = try await keep(look())
    guard found.isEmpty else { return found }
    var failure: BridgeError?
    for await _ in wakeUps {
      do {
        found = try await keep(look())
        failure = nil
        if !found.isEmpty { return found }
      } catch let error as BridgeError where error.code == .storeUnavailable {
        failure = error
      }
    }
    try Task.checkCancellation()
    if let failure { throw failure }
    return try await keep(look())
  }

  private func keep(_ delivery: Delivery) async throws -> Delivery {
    guard Task.isCancelled else { return delivery }
    await undelivered(delivery.lease)
    throw CancellationError()
  }
}

/// Ends a sequence of hints at a deadline.
struct Deadline: Sendable {
  private let timer: Task<Void, Never>

  init(_ duration: Duration, ends wakeUps: WakeUps) {
    let end = ContinuousClock.now + duration
    timer = Task { [weak wakeUps] in
      guard (try? await Task.sleep(until: end, clock: .continuous)) != nil else { return }
      wakeUps?.finish()
    }
  }

  func cancel() { timer.cancel() }
}
