import PostgresTesting
import Synchronization
import Testing

@testable import PostgresClient

#if canImport(Darwin)
  import Darwin
#elseif canImport(Musl)
  import Musl
#else
  import Glibc
#endif

@Suite(.timeLimit(.minutes(1))) struct EventLoopTests {
  private func thisThread() -> Int { Int(bitPattern: pthread_self()) }

  @Test func aTaskThatPrefersItKeepsItsThread() async throws {
    let database = try await PostgresCluster.shared().createDatabase()
    let loop = PostgresEventLoop()
    let connection = try await PostgresConnection.connect(try ConnectionSettings(database.url), on: loop)
    let threads = try await Task(executorPreference: PostgresTaskExecutor(of: loop)) {
      var threads = [thisThread()]
      for _ in 0..<3 {
        try await connection.query("SELECT 1")
        threads.append(thisThread())
      }
      return Set(threads)
    }.value
    let ofTheLoop = await withCheckedContinuation { continuation in loop.execute { continuation.resume(returning: thisThread()) } }
    #expect(threads == [ofTheLoop])
    await connection.close()
    await loop.stop()
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
    await loop.stop()
  }
}
