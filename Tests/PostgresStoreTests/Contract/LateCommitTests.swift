import Bridge
import BridgeTesting
import PostgresClient
import PostgresTesting
import Testing

@testable import PostgresStore

@Suite("A transcript tells rows whose transactions commit late", .timeLimit(.minutes(10)))
struct LateCommitTests {
  @Test(arguments: [TranscriptStart(), TranscriptStart(last: 1), TranscriptStart(since: 1_000_000_000)])
  func anOpenTransactionOfPsqlHidesNothing(_ start: TranscriptStart) async throws {
    try await Turnstile.shared.pass {
      let database = try await Servers.database()
      let store = try PostgresStore.postgres(database.url)
      _ = try await store.agents()
      let session = try TestProgram(
        "psql",
        ["-X", "-q", "-A", "-t", "-h", database.cluster.socketFolder, "-p", "\(database.cluster.port)", "-U", "postgres", database.name])
      defer { _ = session.finish() }
      // nextval takes a number without a transaction id.
      session.write("BEGIN; SELECT nextval(pg_get_serial_sequence('cowork_bridge.messages', 'seq')) \\gset n_\n\\echo open\n")
      #expect(session.read() == "open\n")
      _ = try await store.send(NewMessage(sender: .cowork, recipient: .code, content: "before the reader"))
      let reader = store.transcript(of: nil, from: start)
      var told = try await reader.contents()
      for number in 1...3 {
        _ = try await store.send(NewMessage(sender: .cowork, recipient: .code, content: "\(number)"))
        told += try await reader.contents()
      }
      #expect(told == ["before the reader", "1", "2", "3"])
      session.write(
        """
        INSERT INTO cowork_bridge.messages (seq, sender, recipient, content) VALUES (:n_nextval, 'x', 'code', 'late');
        COMMIT;
        \\echo committed

        """)
      #expect(session.read() == "committed\n")
      #expect(try await reader.contents() == ["late"])
      for number in 4...6 {
        _ = try await store.send(NewMessage(sender: .cowork, recipient: .code, content: "\(number)"))
        #expect(try await reader.contents() == ["\(number)"])
      }
      #expect(try await reader.contents() == [])
      await store.close()
    }
  }

  @Test func manyWritersAtOnceLoseNothingAndDoubleNothing() async throws {
    try await Turnstile.shared.pass {
      let database = try await Servers.database()
      let store = try PostgresStore.postgres(database.url)
      _ = try await store.agents()
      let reader = store.transcript(of: nil, from: TranscriptStart())
      let isOver = Shared(false)
      async let told = {
        var told = [String]()
        repeat { told += try await reader.contents() } while !isOver.value
        return told + (try await reader.contents())
      }()
      do {
        defer { isOver.change { $0 = true } }
        try await withThrowingTaskGroup(of: Void.self) { group in
          for writer in 1...6 {
            group.addTask {
              let connection = try await PostgresConnection.connect(ConnectionSettings(database.url))
              for number in 1...60 {
                let value = "INSERT INTO cowork_bridge.messages (content) VALUES ('\(writer).\(number)')"
                // Some keep their transaction open for a while, and some give up.
                try await connection.execute(
                  number % 3 == 0
                    ? "BEGIN; \(value); SELECT pg_sleep(0.02); COMMIT"
                    : number % 7 == 0 ? "BEGIN; INSERT INTO cowork_bridge.messages (content) VALUES ('never'); ROLLBACK; \(value)" : value)
              }
              await connection.close()
            }
          }
          try await group.waitForAll()
        }
      }
      let all = try await told
      #expect(all.count == 360 && Set(all).count == 360 && !all.contains("never"))
      await store.close()
    }
  }

  @Test func aSchemaThatWasMadeAnewIsToldFromItsBeginning() async throws {
    try await Turnstile.shared.pass {
      let database = try await Servers.database()
      let store = try PostgresStore.postgres(database.url)
      let reader = store.transcript(of: nil, from: TranscriptStart())
      for number in 1...3 { _ = try await store.send(NewMessage(sender: .cowork, recipient: .code, content: "\(number)")) }
      #expect(try await reader.contents() == ["1", "2", "3"])
      _ = try await reader.contents()
      try await database.psql("DROP SCHEMA cowork_bridge CASCADE")
      _ = try await store.send(NewMessage(sender: .cowork, recipient: .code, content: "anew"))
      #expect(try await reader.contents() == ["anew"])
      await store.close()
    }
  }
}

extension TranscriptReader {
  fileprivate func contents() async throws -> [String] {
    var contents = [String]()
    while true {
      let page = try await next()
      contents += page.entries.compactMap { if case .message(let message) = $0.event { message.content } else { nil } }
      if !page.more { return contents }
    }
  }
}
