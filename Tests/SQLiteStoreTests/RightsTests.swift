import Bridge
import BridgeTesting
import Foundation
import Logging
import SystemSupport
import Testing

@testable import SQLiteStore

/// Rights that change while a process runs, and files that several users share. In processes of their own, which drop root's rights.
@Suite("Rights")
struct RightsTests {
  /// What has no rights at first, with the modes before and after.
  @Test(arguments: [("/messages.db", 0o444, 0o666), ("", 0o555, 0o777), ("/messages.db", 0o000, 0o666), ("", 0o000, 0o777)])
  func rightsThatWereMendedWorkWithoutARestart(file: String, before: Int, after: Int) async throws {
    let folder = try TemporaryFolder()
    let store = SQLiteStore(path: folder.path + "/messages.db", logger: .silent)
    _ = try await store.send("first")
    await store.close()
    func set(_ path: String, _ mode: Int) throws { try FileManager.default.setAttributes([.posixPermissions: mode], ofItemAtPath: path) }
    for name in try FileManager.default.contentsOfDirectory(atPath: folder.path) { try set(folder.path + "/" + name, 0o666) }
    try set(folder.path, 0o777)
    try set(folder.path + file, before)
    await #expect(processExitsWith: .success) { [path = folder.path as String, file = file as String, after = after as Int] in
      _ = seteuid(65_534)
      let store = SQLiteStore(path: path + "/messages.db", logger: .silent)
      _ = try? await store.look()
      await #expect(throws: BridgeError.self) { try await store.send("too early") }
      _ = try? await store.look()
      _ = seteuid(0)
      try FileManager.default.setAttributes([.posixPermissions: after], ofItemAtPath: path + file)
      _ = seteuid(65_534)
      _ = try await store.send("second")
      #expect(try await store.look() == ["first", "second"])
    }
  }

  /// While another process has the log open.
  @Test(arguments: [0o000, 0o200, 0o400])
  func rightsThatWereTakenAwayForAWhileWorkAgain(mode: Int) async throws {
    let folder = try TemporaryFolder()
    try FileManager.default.setAttributes([.posixPermissions: 0o777], ofItemAtPath: folder.path)
    await #expect(processExitsWith: .success) { [path = folder.path + "/messages.db" as String, mode = mode as Int] in
      _ = seteuid(65_534)
      setenv("SQLITE_TMPDIR", "/tmp", 1)
      let store = SQLiteStore(path: path, logger: .silent)
      _ = try await store.send("first")
      try FileManager.default.setAttributes([.posixPermissions: mode], ofItemAtPath: path)
      let early = SQLiteStore(path: path, logger: .silent)
      await #expect(throws: BridgeError.self) { try await early.send("too early") }
      try FileManager.default.setAttributes([.posixPermissions: 0o600], ofItemAtPath: path)
      _ = try await SQLiteStore(path: path, logger: .silent).send("second")
      #expect(try await store.look() == ["first", "second"])
    }
  }

  @Test func twoUsersOfOneStoreBothMakeCheckpointsIndexAndRing() async throws {
    let folder = try TemporaryFolder()
    let path = folder.path + "/messages.db"
    #expect(FileManager.default.createFile(atPath: path, contents: nil))
    for (file, mode) in [(path, 0o666), (folder.path, 0o777)] {
      try FileManager.default.setAttributes([.posixPermissions: mode], ofItemAtPath: file)
    }
    for user in [65_534, 33, 65_534] {
      await #expect(processExitsWith: .success) { [path = path as String, user = UInt32(user) as UInt32] in
        umask(0o077)
        // SQLite asks whether the real user, who is root, may write to the folder for temporary files.
        setenv("SQLITE_TMPDIR", "/tmp", 1)
        _ = seteuid(user)
        var options = SQLiteStore.Options()
        options.checkpoints = Checkpoints.Schedule(pages: 1, spacing: 0)
        let store = SQLiteStore(path: path, options: options, logger: .silent)
        _ = try await store.send("word")
        #expect(try await store.history(HistoryQuery(agent: .code, text: "word")).messages.count >= 1)
        await store.close()
        for sidecar in [SidecarFiles.doorbell(of: path), SidecarFiles.upkeep(of: path), SidecarFiles.logOwner(of: path)] {
          #expect(FileRights(path: sidecar)?.mode == 0o666, "\(sidecar)")
          #expect(FileDescriptor.withLock(sidecar, of: path) { $0.secondsSinceModification } != nil, "\(sidecar)")
        }
      }
    }
  }

  @Test func theOwnerGivesFilesOfTheVersionBeforeTheModeOfTheDatabase() async throws {
    try await withDatabase { database in
      let store = try await database.openStore()
      _ = try await store.send("1")
      try FileManager.default.setAttributes([.posixPermissions: 0o660], ofItemAtPath: database.path)
      _ = try await store.send("2")
      #expect(try database.mode(of: database.path + "-doorbell") == 0o660)
    }
  }

  /// Such as one that was created while the database could only be read.
  @Test func lockFilesThatCouldOnlyBeReadWorkOnceTheDatabaseIsWritten() async throws {
    let folder = try TemporaryFolder()
    try FileManager.default.setAttributes([.posixPermissions: 0o777], ofItemAtPath: folder.path)
    await #expect(processExitsWith: .success) { [path = folder.path + "/messages.db" as String] in
      _ = seteuid(65_534)
      #expect(FileManager.default.createFile(atPath: path, contents: nil, attributes: [.posixPermissions: 0o400]))
      let sidecar = SidecarFiles.logOwner(of: path)
      for mode: UInt32 in [0o400, 0o600] {
        try FileManager.default.setAttributes([.posixPermissions: Int(mode)], ofItemAtPath: path)
        #expect(FileDescriptor.withLock(sidecar, of: path) { _ in } != nil)
        #expect(FileRights(path: sidecar)?.mode == mode)
      }
    }
  }

  /// A store that opens the file while another one takes its place serves what is there then.
  @Test func aFileThatIsReplacedWhileItIsOpenedIsNotServed() async throws {
    try await withDatabase { database in
      let path = database.path
      for name in ["a", "b"] {
        let store = SQLiteStore(path: "\(database.folder.path)/\(name).db", logger: .silent)
        _ = try await store.send(name)
        await store.close()
      }
      try FileManager.default.copyItem(atPath: database.folder.path + "/a.db", toPath: path)
      for round in 1...150 {
        let name = round.isMultiple(of: 2) ? "a" : "b"
        try FileManager.default.copyItem(atPath: "\(database.folder.path)/\(name).db", toPath: path + ".new")
        let replacing = Thread {
          Thread.sleep(forTimeInterval: Double(round % 30) * 0.000_1)
          rename(path + ".new", path)
        }
        let store = database.store()
        replacing.start()
        let first = try await store.look()
        #expect(first == ["a"] || first == ["b"])
        while FileManager.default.fileExists(atPath: path + ".new") { await Task.yield() }
        #expect(try await store.look() == [name])
        await store.close()
      }
      #expect(try await database.shell.run("PRAGMA integrity_check") == "ok\n")
    }
  }
}
