import Synchronization

/// The looks of calls that wait for the same. A hint wakes all of them, and one look tells all that there is nothing.
final class SharedLooks: Sendable {
  typealias Call = CheckedContinuation<Turn, Never>

  enum Turn: Sendable {
    /// Looks, also for others, whose calls began before.
    case leads([Call])
    case isTold(Result<Delivery, BridgeError>)
  }

  /// For each request that somebody looks for, the calls that came meanwhile: what was written before them may have been overlooked.
  let waiting = Mutex<[TakeRequest: [Call]]>([:])

  /// Looks, unless another call does so from now on and finds nothing. What is found belongs to one call.
  func look(_ request: TakeRequest, _ body: () async throws -> Delivery) async throws -> Delivery {
    let turn = await withCheckedContinuation { (call: Call) in
      let leads = waiting.withLock { waiting in
        let isFirst = waiting[request] == nil
        waiting[request, default: []] += isFirst ? [] : [call]
        return isFirst
      }
      if leads { call.resume(returning: .leads([])) }
    }
    switch turn {
    case .isTold(let outcome): return try outcome.get()
    case .leads(let followers):
      let result: Result<Delivery, any Error>
      do { result = .success(try await body()) } catch { result = .failure(error) }
      switch result {
      case .success(let delivery) where delivery.isEmpty: tell(followers, .success(delivery), request)
      case .failure(let error as BridgeError) where error != .cancelled: tell(followers, .failure(error), request)
      default: tell([], .success(Delivery()), request, again: followers)
      }
      return try result.get()
    }
  }

  /// Ends a look: tells its outcome to those who waited for it, and lets the next one look for the others.
  private func tell(_ followers: [Call], _ outcome: Result<Delivery, BridgeError>, _ request: TakeRequest, again: [Call] = []) {
    let next = waiting.withLock { waiting in
      let next = again + (waiting[request] ?? [])
      waiting[request] = next.isEmpty ? nil : []
      return next
    }
    for follower in followers { follower.resume(returning: .isTold(outcome)) }
    next.first?.resume(returning: .leads(Array(next.dropFirst())))
  }
}
