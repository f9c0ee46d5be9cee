import Bridge
import BridgeTesting
import Foundation
import ProcessTesting
import SQLiteStore
import Testing

/// All journal modes work, and so do a log that is deleted and created again, and a file that is replaced.
@Suite("Journals and replaced files")
struct JournalTests {
  @Test(
    "a journal mode that a person sets after the first opening is kept, and all works in it", arguments: ["DELETE", "TRUNCATE", "PERSIST"])
  func modeIsKept(mode: String) async throws {
    try await withDatabase { database in
      try await database.openStore().close()
      // TRUNCATE and PERSIST last as long as a connection; a new connection finds DELETE in the file.
      #expect(try await database.shell.run("PRAGMA journal_mode = \(mode)").lowercased() == mode.lowercased() + "\n")
      let store = try await database.openStore()
      for number in 1...5 {
        _ = try await store.send("\(number)")
        try await database.shell.run(
          "PRAGMA journal_mode = \(mode); INSERT INTO messages VALUES ('\(number)', 'cowork', 'code', 'hand \(number)', 0, '')")
      }
      let delivery = try await store.take(TakeRequest(agent: .code, instance: database.code))
      #expect(delivery.messages.count == 10)
      try await store.undo(#require(delivery.lease))
      #expect(try await store.look().count == 10)
      #expect(try await database.shell.run("PRAGMA journal_mode") == "delete\n")
      #expect(!FileManager.default.fileExists(atPath: database.path + "-wal"))
    }
  }

  @Test func aClosedFileWhoseLogWasDeletedOpens() async throws {
    try await withDatabase { database in
      let first = try await database.openStore()
      _ = try await first.send("1")
      await first.close()
      for suffix in ["-wal", "-shm", "-doorbell"] { try? FileManager.default.removeItem(atPath: database.path + suffix) }
      let second = try await database.openStore()
      _ = try await second.send("2")
      #expect(try await second.look() == ["1", "2"])
    }
  }

  /// A second connection would make another log, in which nothing is.
  @Test func whatReadsForTheFirstTimeAfterTheLogWasDeletedFindsAll() async throws {
    try await withDatabase { database in
      let store = SQLiteStore(path: database.path, logger: .silent)
      for number in 1...3 { _ = try await store.send("word \(number)") }
      try FileManager.default.removeItem(atPath: database.path + "-wal")
      for _ in 1...2 { #expect(try await store.history(HistoryQuery(agent: .code, text: "word")).messages.count == 3) }
      #expect(!FileManager.default.fileExists(atPath: database.path + "-wal"))
      await store.close()
    }
  }

  @Test func aClosingSqlite3LeavesTheLogToAnOpenStore() async throws {
    try await withDatabase { database in
      let store = try await database.openStore()
      for number in 1...5 {
        _ = try await store.send("\(number)")
        try await database.shell.run("PRAGMA wal_checkpoint(TRUNCATE); DELETE FROM messages WHERE content = '0'")
      }
      #expect(try await store.look().count == 5)
    }
  }

  @Test func aReplacedFileIsReopenedWithItsContents() async throws {
    try await withDatabase { database in
      let store = try await database.openStore()
      for number in 1...20 { _ = try await store.send("old \(number)") }
      let other = SQLiteStore(path: database.folder.path + "/other.db", logger: .silent)
      _ = try await other.send("new")
      await other.close()
      try await Shell.run(["mv", database.folder.path + "/other.db", database.path])
      #expect(try await store.look() == ["new"])
      for number in 1...20 { _ = try await store.send("\(number)") }
      #expect(try await store.look().count == 21)
      #expect(try await database.shell.run("PRAGMA integrity_check; SELECT COUNT(*) FROM messages") == "ok\n21\n")
    }
  }

  @Test func aFileReplacedUnderTwoProcessesStaysSound() async throws {
    try await withDatabase { database in
      let stores = [try await database.openStore(), try await database.openStore()]
      for round in 1...5 {
        for store in stores { _ = try await store.send("old") }
        let other = SQLiteStore(path: database.folder.path + "/other.db", logger: .silent)
        _ = try await other.send("new \(round)")
        await other.close()
        try await Shell.run(["mv", database.folder.path + "/other.db", database.path])
        for store in stores {
          _ = try await store.send("after")
        }
        #expect(try await stores[0].look() == ["new \(round)", "after", "after"])
        #expect(try await stores[1].look() == ["new \(round)", "after", "after"])
        #expect(try await database.shell.run("PRAGMA integrity_check") == "ok\n")
      }
    }
  }

  @Test func aLogIsRecordedAsSoonAsItIsOpened() async throws {
    try await withDatabase { database in
      let other = database.folder.path + "/other.db"
      try await database.openStore().close()
      try await Shell.run(["cp", database.path, other])
      let shell = try TestProgram("sqlite3", ["-batch", database.path])
      defer { _ = shell.finish() }
      shell.write("INSERT INTO bridge_schema VALUES (1000, ''); INSERT INTO messages (id) VALUES ('x'); SELECT 'written';\n")
      #expect(shell.read() == "written\n")
      // Opens the log, and goes no further.
      await #expect(throws: BridgeError.self) { try await database.store().look() }
      try await Shell.run(["mv", other, database.path])
      _ = try await database.store().send("1")
      #expect(try await database.shell.run("PRAGMA integrity_check; SELECT content FROM messages") == "ok\n1\n")
    }
  }

  @Test func aRemovedFileIsCreatedAgain() async throws {
    try await withDatabase { database in
      let stores = [try await database.openStore(), try await database.openStore()]
      for number in 1...20 { _ = try await stores[number % 2].send("old \(number)") }
      try await Shell.run(["rm", database.path])
      for store in stores { _ = try await store.send("new") }
      #expect(try await stores[0].look() == ["new", "new"])
      #expect(try await stores[1].look() == ["new", "new"])
      #expect(try await database.shell.run("PRAGMA integrity_check") == "ok\n")
    }
  }

  @Test func aRemovedFolderIsCreatedAgain() async throws {
    try await withDatabase("bridge/messages.db") { database in
      let store = try await database.openStore()
      _ = try await store.send("old")
      try await Shell.run(["rm", "-r", database.folder.path + "/bridge"])
      _ = try await store.send("new")
      #expect(try await store.look() == ["new"])
    }
  }

  @Test func vacuumBetweenTakingAndGivingBackLosesNothing() async throws {
    try await withDatabase { database in
      let store = try await database.openStore()
      for number in 1...6 { _ = try await store.send("\(number)") }
      try await database.shell.run("DELETE FROM messages WHERE content IN ('1', '3')")
      #expect(try await store.history(HistoryQuery(agent: .code, text: "5")).messages.count == 1)
      let delivery = try await store.take(TakeRequest(agent: .code, limit: 2, instance: database.code))
      #expect(delivery.messages.map(\.content) == ["2", "4"])
      try await database.shell.run("VACUUM")
      try await store.undo(#require(delivery.lease))
      #expect(try await store.look() == ["2", "4", "5", "6"])
      for number in ["2", "4", "5", "6"] {
        #expect(try await store.history(HistoryQuery(agent: .code, text: number)).messages.map(\.content) == [number])
      }
    }
  }
}
