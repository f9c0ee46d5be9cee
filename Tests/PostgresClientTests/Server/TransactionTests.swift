import PostgresClient
import PostgresTesting
import Testing

@Suite struct TransactionTests {
  private struct Stop: Error {}

  private func table() async throws -> (TestDatabase, PostgresConnection) {
    let (database, connection) = try await PostgresCluster.connected()
    try await connection.execute("CREATE TABLE t(id int PRIMARY KEY)")
    return (database, connection)
  }

  private func count(_ executor: some PostgresExecutor) async throws -> Int {
    try await executor.query("SELECT count(*) FROM t").first?.get(0) ?? -1
  }

  @Test func commitsAndReturnsTheValue() async throws {
    let (_, connection) = try await table()
    var calls = 0
    let value = try await connection.withTransaction { transaction in
      calls += 1
      try await transaction.query("INSERT INTO t VALUES (1)")
      return try await count(transaction)
    }
    #expect(value == 1)
    #expect(calls == 1)
    #expect(try await count(connection) == 1)
    await connection.close()
  }

  @Test func rollsBackWhenTheBodyThrows() async throws {
    let (_, connection) = try await table()
    await #expect(throws: Stop.self) {
      try await connection.withTransaction { transaction in
        try await transaction.query("INSERT INTO t VALUES (1)")
        throw Stop()
      }
    }
    #expect(try await count(connection) == 0)
    await connection.close()
  }

  @Test func aSwallowedErrorIsReportedAtCommit() async throws {
    let (_, connection) = try await table()
    let error = try await postgresError {
      try await connection.withTransaction { transaction in
        try await transaction.query("INSERT INTO t VALUES (1)")
        _ = try? await transaction.query("SELECT 1/0")
      }
    }
    #expect(error.code == .transactionAborted)
    #expect(try await count(connection) == 0)
    await connection.close()
  }

  @Test func othersWaitAndAnEndedTransactionIsRefused() async throws {
    let (_, connection) = try await table()
    let (handle, other) = try await connection.withTransaction { transaction in
      let other = Task { try await count(connection) }
      try await transaction.query("INSERT INTO t VALUES (1)")
      return (transaction, other)
    }
    #expect(try await other.value == 1)
    #expect(try await postgresError { try await handle.query("SELECT 1") }.code == .closed)
    await connection.close()
  }

  @Test(.timeLimit(.minutes(1))) func aCancelledTaskRollsBack() async throws {
    let (_, connection) = try await table()
    let (inserted, signal) = AsyncStream.makeStream(of: Void.self)
    let task = Task {
      try await connection.withTransaction { transaction in
        try await transaction.query("INSERT INTO t VALUES (1)")
        signal.yield()
        try await transaction.query("SELECT pg_sleep(600)")
      }
    }
    for await _ in inserted { break }
    task.cancel()
    #expect(try await postgresError { try await task.value }.code == .cancelled)
    #expect(try await count(connection) == 0)
    await connection.close()
  }

  @Test(.timeLimit(.minutes(1))) func aConnectionLostDuringCommitIsAnUnknownOutcome() async throws {
    let (database, connection) = try await table()
    let proxy = try FaultProxy(to: database.cluster.port)
    let doubtful = try await PostgresConnection.connect(try ConnectionSettings(database.url(port: proxy.port)))
    await proxy.cutReplies(after: "COMMIT")
    let done = try await postgresError {
      try await doubtful.withTransaction { _ = try await $0.query("INSERT INTO t VALUES (1)") }
    }
    #expect(done.code == .unknownOutcome)
    #expect(done.outcomeIsUnknown)
    #expect(try await count(connection) == 1)

    let second = try await PostgresConnection.connect(try ConnectionSettings(database.url(port: proxy.port)))
    await proxy.cut(before: "COMMIT")
    let undone = try await postgresError {
      try await second.withTransaction { _ = try await $0.query("INSERT INTO t VALUES (2)") }
    }
    #expect(undone.code == .unknownOutcome)
    #expect(try await count(connection) == 1)
    await proxy.close()
    await connection.close()
  }

  @Test(.timeLimit(.minutes(1))) func aConnectionLostBeforeCommitIsKnownToHaveDoneNothing() async throws {
    let (database, connection) = try await table()
    let proxy = try FaultProxy(to: database.cluster.port)
    let second = try await PostgresConnection.connect(try ConnectionSettings(database.url(port: proxy.port)))
    await proxy.cutReplies(after: "INSERT")
    let error = try await postgresError {
      try await second.withTransaction { _ = try await $0.query("INSERT INTO t VALUES (1)") }
    }
    #expect(error.code == .connectionLost)
    #expect(!error.outcomeIsUnknown)
    #expect(try await count(connection) == 0)

    let third = try await PostgresConnection.connect(try ConnectionSettings(database.url(port: proxy.port)))
    await proxy.cutReplies(after: "INSERT")
    let single = try await postgresError { try await third.query("INSERT INTO t VALUES (1)") }
    #expect(single.code == .unknownOutcome)
    #expect(try await count(connection) == 1)
    await proxy.close()
    await connection.close()
  }

  @Test func optionsAreSent() async throws {
    let (_, connection) = try await table()
    let error = try await postgresError {
      try await connection.withTransaction(.init(isolation: .serializable, readOnly: true)) { transaction in
        #expect(try await transaction.query("SHOW transaction_isolation").first?.get(0) == "serializable")
        try await transaction.query("INSERT INTO t VALUES (1)")
      }
    }
    #expect(error.sqlState == .readOnlyTransaction)
    await connection.close()
  }
}
