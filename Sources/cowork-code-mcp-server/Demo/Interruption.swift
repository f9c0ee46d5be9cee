import Foundation
import Synchronization

/// Ends a demonstration that takes too long or is not wanted any more, in such a way that it is cleared away: the connections are closed,
/// and whatever waits for an answer fails.
final class Interruption: Sendable {
  private struct State {
    var clients: [DemoClient] = []
    var reason: String?
  }

  private let state = Mutex(State())

  /// SIGINT, SIGTERM and SIGHUP interrupt the work from now on, instead of ending the process.
  init() {
    EndSignals.handle { _ in self.interrupt("it was interrupted") }
  }

  /// Carries out the work; its failure says whether it was interrupted.
  func during(_ clients: [DemoClient], limit: Duration, _ work: () async throws -> Void) async throws {
    let timer = Task {
      guard (try? await Task.sleep(for: limit)) != nil else { return }
      interrupt("it took longer than \(limit.components.seconds) seconds")
    }
    defer { timer.cancel() }
    let isOver = state.withLock { state in
      state.clients = clients
      return state.reason != nil
    }
    if isOver { close(clients) }
    do {
      try await work()
    } catch {
      guard let reason = state.withLock({ $0.reason }) else { throw error }
      throw CommandFailure("\(error) The cause: \(reason).")
    }
  }

  private func interrupt(_ reason: String) {
    let clients = state.withLock { state in
      state.reason = reason
      return state.clients
    }
    close(clients)
  }

  private func close(_ clients: [DemoClient]) {
    for client in clients { client.server.transport.close() }
  }
}
