import Foundation
import PostgresClient
import Testing

@Suite("The versions of Postgres")
struct VersionTests {
  /// 13 is the oldest supported version; `scripts/test-postgres` requires a particular one.
  @Test func theServerIsOfTheVersionThatIsToBeTested() async throws {
    let connection = try await PostgresConnection.connect(ConnectionSettings(Servers.database().url))
    let major = connection.serverVersion / 10_000
    print("These tests run on Postgres \(major).")
    #expect(major >= 13)
    if let wanted = ProcessInfo.processInfo.environment["COWORK_TEST_POSTGRES_VERSION"] { #expect("\(major)" == wanted) }
    await connection.close()
  }
}
