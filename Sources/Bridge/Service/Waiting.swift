import Synchronization
import SystemSupport

extension BridgeService {
  /// Takes what is there; waits for it if there is nothing. What is kept for others is counted as the last look found it.
  func take(_ request: TakeRequest, within seconds: Int) async throws -> Delivery {
    guard seconds > 0 else { return try await takeAtOnce(request) }
    return try await CallStart.with(nil) { try await wait(request, within: seconds) }
  }

  private func wait(_ request: TakeRequest, within seconds: Int) async throws -> Delivery {
    let last = Mutex(Delivery())
    return try await waits.during(.init(sender: request.sender, includesTasks: request.includesTasks, reply: request.reply?.message)) {
      let giveBack = { @Sendable (delivery: Delivery) in await self.undelivered(delivery.lease) }
      // Longer than any call waits for locks, since the error of the store says more; unless the client would cut this one before.
      let patience = Duration.seconds(min(12, Limits.waitSeconds.upperBound + 3 - seconds))
      let found = try await wait(.seconds(seconds), patience: patience, giveBack: giveBack) {
        let delivery = try await self.looks.look(request) { try await self.take(request) }
        guard delivery.isEmpty else { return delivery }
        last.withLock { $0 = delivery }
        return nil
      }
      return found ?? last.withLock(\.self)
    }
  }

  /// For a moment an answer is left to the instance of the session that asked, since a call of it may wait. A call that finds nothing, and that
  /// more is kept than before, does not end before that moment.
  private func takeAtOnce(_ request: TakeRequest) async throws -> Delivery {
    let delivery = try await take(request)
    guard delivery.isEmpty, delivery.kept > 0, instance.session != nil, kept.isMore(delivery.kept) else { return delivery }
    try await Task.pause(for: StoreTiming().precedence)
    return try await take(request)
  }

  /// What is taken for a call that was cancelled is given back.
  private func take(_ request: TakeRequest) async throws -> Delivery {
    let delivery = try await store.take(request)
    leases.began(delivery.lease)
    // Who looks for less does not know what else is kept.
    if request.reply == nil {
      if request.sender == nil || delivery.elsewhere > 0 { found(delivery) } else { kept.found(locked: delivery.locked) }
    }
    if Task.isCancelled {
      await undelivered(delivery.lease)
      throw CancellationError()
    }
    return delivery
  }

  /// Looks, and looks again after each hint until something is found or the time is over.
  ///
  /// Subscribes before the first look, so that nothing is missed. If the store becomes unavailable, the call keeps waiting, and fails only
  /// when the time is over.
  ///
  /// - Parameters:
  ///   - patience: how long after that a store that hangs becomes an error. Clients give up at some point.
  ///   - giveBack: called with what is found when the caller is gone.
  func wait<Found: Sendable>(
    _ time: Duration, patience: Duration, giveBack: @escaping @Sendable (Found) async -> Void = { _ in },
    look: @escaping @Sendable () async throws -> Found?
  ) async throws -> Found? {
    let wakeUps = wakeUps(.waiting)
    waits.add(wakeUps)
    let end = ContinuousClock.now + time
    let first = Once<Result<Found?, any Error>>()
    let search = Task(executorPreference: store.executor) {
      let outcome: Result<Found?, any Error>
      do {
        outcome = .success(try await self.search(wakeUps, look: look))
      } catch { outcome = .failure(error) }
      if !first.set(outcome), case .success(let late?) = outcome { await giveBack(late) }
    }
    let timer = Task(executorPreference: store.executor) { [weak wakeUps] in
      guard (try? await Task.pause(until: end)) != nil else { return }
      wakeUps?.finish()
      guard (try? await Task.pause(until: end + patience)) != nil else { return }
      first.set(
        .failure(BridgeError(.storeUnavailable, "The store did not answer in time: check that it can be reached, and call again.")))
      search.cancel()
    }
    defer { timer.cancel() }
    // In a task that is not cancelled: what the search finds meanwhile must be given back before the call ends.
    let outcome = await withTaskCancellationHandler {
      await Task(executorPreference: store.executor) { await first.wait() }.value
    } onCancel: {
      search.cancel()
    }
    let found = try outcome?.get() ?? nil
    if Task.isCancelled {
      if let found { await giveBack(found) }
      throw CancellationError()
    }
    return found
  }

  /// Looks now, after each hint, and once more after the last hint.
  private func search<Found>(_ wakeUps: WakeUps, look: () async throws -> Found?) async throws -> Found? {
    if let found = try await look() { return found }
    var failure: BridgeError?
    for await _ in wakeUps {
      do {
        if let found = try await look() { return found }
        failure = nil
      } catch let error as BridgeError where error.code == .storeUnavailable {
        failure = error
      }
    }
    try Task.checkCancellation()
    if let failure { throw failure }
    return try await look()
  }
}
