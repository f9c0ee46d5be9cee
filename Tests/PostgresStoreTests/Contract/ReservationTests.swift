import Bridge
import BridgeTesting
import PostgresTesting
import Testing

@testable import PostgresStore

@Suite("A reply is taken by the session that asked", .timeLimit(.minutes(30)))
struct ReservationTests {
  /// READ COMMITTED: each statement sees what has been committed until it began, and a row that was locked meanwhile is read again.
  @Test func noOtherSessionStealsOneInAThousandRounds() async throws {
    try await Turnstile.shared.pass {
      let database = try await Servers.database()
      let stores = try (0..<4).map { _ in try PostgresStore.postgres(database.url) }
      // Of another host, whose processes nobody here can see.
      let sessions = (0..<2).map { number in
        Instance(agent: .code, session: Session(client: ProcessIdentity(scope: "host \(number)", pid: 2, start: "1")))
      }
      for session in sessions { try await stores[0].heartbeat(session) }
      let isOver = Shared(false)
      let rounds = 1_000
      try await withThrowingTaskGroup(of: Void.self) { group in
        for thief in 1...2 {
          group.addTask {
            while !isOver.value {
              let delivery = try await stores[thief].take(TakeRequest(agent: .code, includesTasks: true, instance: sessions[1]))
              #expect(delivery.isEmpty)
              if let lease = delivery.lease { try await stores[thief].undo(lease) }
            }
          }
        }
        group.addTask {
          defer { isOver.change { $0 = true } }
          for round in 1...rounds {
            let question = NewMessage(id: UniqueID.make(stamp: sessions[0].stamp), sender: .code, recipient: .cowork, content: "?")
            let answer = NewMessage(
              sender: .cowork, recipient: .code, content: "\(round)", replyTo: try await stores[3].send(question).messageID)
            _ = try await stores[0].send(answer)
            let delivery = try await stores[3].take(TakeRequest(agent: .code, instance: sessions[0]))
            #expect(delivery.messages.map(\.content) == ["\(round)"])
            if let lease = delivery.lease { try await stores[3].confirm(lease) }
            if round % 200 == 0 { for session in sessions { try await stores[0].heartbeat(session) } }
          }
        }
        try await group.waitForAll()
      }
      for store in stores { await store.close() }
    }
  }
}
