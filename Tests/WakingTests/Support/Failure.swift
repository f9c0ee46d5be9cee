import Foundation

/// Why a test cannot go on.
struct Failure: Error, CustomStringConvertible {
  let description: String

  init(_ description: String) { self.description = description }
}

/// Awaits something for so long, and fails after that.
func within<Value: Sendable>(
  _ what: String, patience: Duration = .seconds(20), _ body: @escaping @Sendable () async throws -> Value
) async throws -> Value {
  try await withThrowingTaskGroup(of: Value.self) { group in
    group.addTask { try await body() }
    group.addTask {
      try await Task.sleep(for: patience)
      throw Failure("\(what) did not come within \(patience)")
    }
    defer { group.cancelAll() }
    guard let value = try await group.next() else { throw Failure("nothing came") }
    return value
  }
}

/// Things that arrive one after the other and are taken by one test.
actor Arrivals<Item: Sendable> {
  private(set) var all: [Item] = []
  private var taken = 0
  private var waiters: [CheckedContinuation<Void, Never>] = []

  func add(_ item: Item) {
    all.append(item)
    for waiter in waiters { waiter.resume() }
    waiters = []
  }

  /// The next one that fits; those before it are passed over.
  func next(_ what: String = "the next one", where fits: @escaping @Sendable (Item) -> Bool = { _ in true }) async throws -> Item {
    try await within(what) { try await self.awaitNext(fits) }
  }

  private func awaitNext(_ fits: (Item) -> Bool) async throws -> Item {
    while true {
      while taken < all.count {
        taken += 1
        if fits(all[taken - 1]) { return all[taken - 1] }
      }
      try Task.checkCancellation()
      let ticker = Task { [weak self] in
        // So that a waiter whose time is over goes away.
        try? await Task.sleep(for: .milliseconds(200))
        await self?.stir()
      }
      await withCheckedContinuation { waiters.append($0) }
      ticker.cancel()
    }
  }

  private func stir() {
    for waiter in waiters { waiter.resume() }
    waiters = []
  }
}
