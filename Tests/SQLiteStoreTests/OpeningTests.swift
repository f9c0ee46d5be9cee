import Bridge
import BridgeTesting
import Foundation
import SQLiteStore
import Schema
import Testing

@Suite("Opening the file")
struct OpeningTests {
  @Test func folderAndFilesAreCreatedForTheirOwnerOnly() async throws {
    try await withDatabase("a/b/messages.db") { database in
      let store = try await database.openStore()
      _ = try await store.send("m")
      #expect(try database.mode(of: database.folder.path + "/a") == 0o700)
      #expect(try database.mode(of: database.folder.path + "/a/b") == 0o700)
      for suffix in ["", "-wal", "-shm", "-doorbell"] { #expect(try database.mode(of: database.path + suffix) == 0o600, "\(suffix)") }
    }
  }

  @Test func existingModesAreLeftAlone() async throws {
    try await withDatabase("shared/messages.db") { database in
      let folder = database.folder.path + "/shared"
      try FileManager.default.createDirectory(atPath: folder, withIntermediateDirectories: false, attributes: [.posixPermissions: 0o755])
      try database.write("")
      try FileManager.default.setAttributes([.posixPermissions: 0o644], ofItemAtPath: database.path)
      _ = try await database.openStore()
      #expect(try database.mode(of: folder) == 0o755)
      #expect(try database.mode(of: database.path) == 0o644)
    }
  }

  @Test(arguments: 1...15)
  func storesThatOpenAMissingFileAtTheSameMomentAllSucceed(round: Int) async throws {
    try await withDatabase("new/messages.db") { database in
      try await withThrowingTaskGroup(of: Void.self) { group in
        for number in 0..<6 {
          let store = database.store()
          group.addTask { _ = try await store.send("\(number)") }
        }
        try await group.waitForAll()
      }
      let contents = try await database.store().look()
      #expect(Set(contents) == ["0", "1", "2", "3", "4", "5"])
      #expect(try await database.shell.run("PRAGMA journal_mode") == "wal\n")
      #expect(try await database.shell.run("SELECT COUNT(*) FROM bridge_schema") == "\(Schema.sqlite.count)\n")
    }
  }

  @Test(arguments: 1...4)
  func processesThatOpenAMissingFileAtTheSameMomentAllSucceed(round: Int) async throws {
    try await withDatabase("new/messages.db") { database in
      let path = database.path
      async let first: Void = Self.sendFromAnotherProcess(path)
      async let second: Void = Self.sendFromAnotherProcess(path)
      async let third: Void = Self.sendFromAnotherProcess(path)
      _ = await (first, second, third)
      let contents = try await database.store().look()
      #expect(contents.count == 3)
    }
  }

  private static func sendFromAnotherProcess(_ path: String) async {
    await #expect(processExitsWith: .success) { [path] in
      let store = SQLiteStore(path: path, logger: .silent)
      _ = try await store.send("from \(ProcessIdentity.current.pid)")
      await store.close()
    }
  }

  @Test func aFileThatIsNoDatabaseIsNamedAndLeftAlone() async throws {
    try await withDatabase { database in
      let text = String(repeating: "This is a letter.\n", count: 100)
      try database.write(text)
      let error = await #expect(throws: BridgeError.self) { try await database.store().send("m") }
      #expect(error?.code == .storeUnavailable && error?.message.contains("not an SQLite database") == true)
      #expect(try String(contentsOfFile: database.path, encoding: .utf8) == text)
    }
  }

  @Test func whatIsNoFileIsNamedAndNotWaitedFor() async throws {
    try await withDatabase { database in
      #expect(mkfifo(database.path, 0o600) == 0)
      let error = await #expect(throws: BridgeError.self) { try await database.store().send("m") }
      #expect(error?.message.contains("\(database.path) is a pipe and not a database file") == true)
      // It would wait for ever.
      await #expect(processExitsWith: .success) { [path = database.path as String] in
        alarm(60)
        let diagnosis = await SQLiteStore(path: path, logger: .silent).diagnose()
        #expect(diagnosis.state == .unusable && diagnosis.findings.first?.found.contains("is a pipe") == true)
      }
      #expect(unlink(database.path) == 0)
      _ = try await database.store().send("after all")
    }
  }

  @Test func aFolderInPlaceOfTheFileAndAFileInPlaceOfTheFolderAreNamed() async throws {
    try await withDatabase { database in
      let folder = SQLiteStore(path: database.folder.path, logger: .silent)
      let first = await #expect(throws: BridgeError.self) { try await folder.send("m") }
      #expect(first?.code == .storeUnavailable && first?.message.contains(database.folder.path) == true)
      try database.write("", to: "file")
      let below = SQLiteStore(path: database.folder.path + "/file/messages.db", logger: .silent)
      let second = await #expect(throws: BridgeError.self) { try await below.send("m") }
      #expect(second?.code == .storeUnavailable && second?.message.contains("/file") == true)
    }
  }

  @Test func aFolderOrFileWithoutPermissionIsNamed() async throws {
    let folder = try TemporaryFolder()
    let path = folder.path
    try FileManager.default.setAttributes([.posixPermissions: 0o755], ofItemAtPath: path)
    let database = SQLiteStore(path: path + "/readable.db", logger: .silent)
    _ = try await database.send("m")
    await database.close()
    try FileManager.default.setAttributes([.posixPermissions: 0o444], ofItemAtPath: path + "/readable.db")
    try FileManager.default.createDirectory(
      atPath: path + "/closed", withIntermediateDirectories: false, attributes: [.posixPermissions: 0o700])
    // In a separate process, which drops its privileges: root may open anything.
    await #expect(processExitsWith: .success) { [path = path as String] in
      _ = seteuid(65534)
      for (file, code) in [("closed/messages.db", BridgeError.Code.storeUnavailable), ("readable.db", .storeFailed)] {
        let store = SQLiteStore(path: path + "/" + file, logger: .silent)
        let error = await #expect(throws: BridgeError.self) { try await store.send("m") }
        #expect(error?.code == code, "\(file): \(String(describing: error))")
        #expect(error?.message.contains("rights") == true, "\(String(describing: error))")
      }
    }
  }

  @Test func aFileThatCouldNotBeOpenedIsTriedAgain() async throws {
    try await withDatabase { database in
      try database.write(String(repeating: "no database", count: 100))
      let store = database.store()
      await #expect(throws: BridgeError.self) { try await store.send("m") }
      try FileManager.default.removeItem(atPath: database.path)
      _ = try await store.send("after all")
      #expect(try await store.look() == ["after all"])
    }
  }

  @Test func aTransactionThatAnotherProgramKeepsOpenIsNamed() async throws {
    try await withDatabase { database in
      let store = try await database.openStore(.init(busyTimeout: .milliseconds(1)))
      let error = await #expect(throws: BridgeError.self) {
        try await database.whileLocked { _ in _ = try await store.send("m") }
      }
      #expect(error?.code == .storeFailed && error?.message.contains(" keeps \(database.path) locked") == true)
      #expect(try await store.look().isEmpty)
      _ = try await store.send("later")
    }
  }
}
