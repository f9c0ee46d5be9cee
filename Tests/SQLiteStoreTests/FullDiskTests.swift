import Bridge
import BridgeTesting
import GRDB
import Testing

@testable import SQLiteStore

@Suite("A file that cannot grow")
struct FullDiskTests {
  @Test func aFullDiskIsAnErrorAndNothingIsHalfWritten() async throws {
    try await withDatabase { database in
      let store = try await database.openStore()
      _ = try await store.send("before")
      let writer = try #require(store.connections.current()).writer
      try await writer.writeWithoutTransaction { try $0.execute(sql: "PRAGMA max_page_count = 1") }
      let text = String(repeating: "x", count: 30_000)
      let error = await #expect(throws: BridgeError.self) { try await store.send(text) }
      #expect(error?.code == .storeFailed)
      #expect(error?.message == "The disk of \(database.path) is full and nothing was written: free some space and call again.")
      try await writer.writeWithoutTransaction { try $0.execute(sql: "PRAGMA max_page_count = 1000000") }
      _ = try await store.send(text)
      #expect(try await store.look() == ["before", text])
      #expect(try await database.shell.run("PRAGMA integrity_check") == "ok\n")
    }
  }
}
