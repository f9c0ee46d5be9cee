import PostgresTesting
import Synchronization
import SystemSupport
import Testing

@testable import PostgresClient

@Suite(.timeLimit(.minutes(1))) struct EventLoopTests {
  @Test func aTaskThatPrefersItKeepsItsThread() async throws {
    let database = try await PostgresCluster.shared().createDatabase()
    let loop = PostgresEventLoop()
    let connection = try await PostgresConnection.connect(try ConnectionSettings(database.url), on: loop)
    let threads = try await Task(executorPreference: PostgresTaskExecutor(of: loop)) {
      var threads = [SystemThread.current]
      for _ in 0..<3 {
        try await connection.query("SELECT 1")
        threads.append(SystemThread.current)
      }
      return Set(threads)
    }.value
    let ofTheLoop = await withCheckedContinuation { continuation in loop.execute { continuation.resume(returning: SystemThread.current) } }
    #expect(threads == [ofTheLoop])
    await connection.close()
  }

  @Test func inputIsLookedForAlthoughWorkNeverEnds() async throws {
    let database = try await PostgresCluster.shared().createDatabase()
    let loop = PostgresEventLoop()
    let connection = try await PostgresConnection.connect(try ConnectionSettings(database.url), on: loop)
    // Bounded, so that the test fails instead of hanging.
    let limit = ContinuousClock.now + .seconds(30)
    let endless = Task(executorPreference: PostgresTaskExecutor(of: loop)) {
      while !Task.isCancelled, ContinuousClock.now < limit { await Task.yield() }
      return Task.isCancelled
    }
    #expect(try await connection.query("SELECT 'heard'").first?.get(0, as: String.self) == "heard")
    endless.cancel()
    #expect(await endless.value, "it was heard only when there was no more work")
    await connection.close()
  }
}
