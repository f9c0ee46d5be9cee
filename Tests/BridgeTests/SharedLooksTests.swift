import BridgeTesting
import Synchronization
import SystemSupport
import Testing

@testable import Bridge

@Suite("One look serves the calls that wait for the same")
struct SharedLooksTests {
  private let looks = SharedLooks()
  private let request = TakeRequest(agent: .code, instance: nil)
  private let open = Once<Bool>()

  /// One call looks, and so many come meanwhile; each counts its looks, of which the given ones find something.
  private func outcomes(of others: Int, finding found: Set<Int>) async throws -> (looks: Int, found: Int) {
    let (looks, request, open) = (looks, request, open)
    let count = Shared(0)
    @Sendable func call() async throws -> Bool {
      let delivery = try await looks.look(request) {
        // One at a time.
        count.change { $0 += 1 }
        let number = count.value
        if number == 1 { _ = await open.wait() }
        return found.contains(number) ? Delivery(lease: "\(number)", messages: [Message()]) : Delivery()
      }
      return !delivery.isEmpty
    }
    return try await withThrowingTaskGroup(of: Bool.self) { group in
      for calls in 0...others {
        group.addTask { try await call() }
        while looks.waiting.withLock({ $0[request]?.count }) != calls { await Task.yield() }
      }
      open.set(true)
      var successes = 0
      for try await hasFound in group where hasFound { successes += 1 }
      return (count.value, successes)
    }
  }

  @Test func callsThatCameDuringALookShareTheNextOne() async throws {
    #expect(try await outcomes(of: 20, finding: []) == (2, 0))
  }

  @Test func whatIsFoundBelongsToOneAndTheOthersLookAgain() async throws {
    #expect(try await outcomes(of: 20, finding: [2, 3]) == (4, 2))
  }

  @Test func nobodyWaitsBehindTheLastLook() async throws {
    _ = try await outcomes(of: 3, finding: [1])
    let left = looks.waiting.withLock { $0.count }
    #expect(left == 0)
  }
}
