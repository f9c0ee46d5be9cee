import Bridge
import BridgeTesting
import Foundation
import SystemSupport
import Testing

@testable import SQLiteStore

/// Checkpoints are made by one process at a time and spaced, and the write-ahead log stays small.
@Suite("Checkpoints")
struct CheckpointTests {
  private func options(pages: Int, spacing: Double) -> SQLiteStore.Options {
    var options = SQLiteStore.Options()
    options.checkpoints = Checkpoints.Schedule(pages: pages, spacing: spacing)
    return options
  }

  private func pagesOfLog(_ database: Database) throws -> Int {
    let size = try FileManager.default.attributesOfItem(atPath: database.path + "-wal")[.size] as? NSNumber
    return (size?.intValue ?? 0) / 4096
  }

  @Test func theLogStaysSmallUnderConstantWriting() async throws {
    try await withDatabase { database in
      let stores = [database.store(options(pages: 100, spacing: 0)), database.store(options(pages: 100, spacing: 0))]
      for number in 1...400 { _ = try await stores[number % 2].send("\(number)") }
      // Each sends a hundred messages of about ten pages.
      #expect(try pagesOfLog(database) < 400)
      #expect(try await stores[0].unreadCounts(for: .code).messages == 400)
    }
  }

  @Test func theLockIsReleasedWhileAStartingChildHoldsTheDescriptor() async throws {
    try await withDatabase { database in
      let path = database.path + "-upkeep"
      let ofChild = try #require(FileDescriptor.withLock(path, of: database.path) { held in dup(held.rawValue) })
      defer { close(ofChild) }
      #expect(FileDescriptor.withLock(path, of: database.path) { _ in true } == true)
    }
  }

  @Test func sqliteMakesNoCheckpointsAndOursAreSpaced() async throws {
    try await withDatabase { database in
      let stores = [database.store(options(pages: 100, spacing: 3600)), database.store(options(pages: 100, spacing: 3600))]
      for number in 1...400 { _ = try await stores[number % 2].send("\(number)") }
      #expect(try pagesOfLog(database) > 1_500)
    }
  }

  /// A checkpoint forces the disk, which no signal interrupts.
  @Test func whoHasOnlyBeenThereEndsWithoutACheckpoint() async throws {
    try await withDatabase { database in
      var options = SQLiteStore.Options()
      options.checkpoints.idle = .seconds(3600)
      let stores = [try await database.openStore(options), try await database.openStore(options), try await database.openStore(options)]
      let instance = Instance(agent: .cowork)
      try await stores[0].heartbeat(instance)
      try await stores[0].signOff(instance, endsSession: true)
      await stores[0].close()
      #expect(!FileManager.default.fileExists(atPath: database.path + "-upkeep"))
      _ = try await stores[1].send("x")
      await stores[1].close()
      #expect(FileManager.default.fileExists(atPath: database.path + "-upkeep"))
      await stores[2].close()
    }
  }

  @Test func oneProcessAtATimeMakesACheckpointAndAKilledOneBlocksNobody() async throws {
    try await withDatabase { database in
      let store = try await database.openStore(options(pages: 100, spacing: 0))
      let holder = try TestProgram(
        "python3",
        [
          "-c", "import fcntl, sys; f = open(sys.argv[1], 'a'); fcntl.flock(f, fcntl.LOCK_EX); print('held', flush=True); sys.stdin.read()",
          database.path + "-upkeep",
        ])
      #expect(holder.read().hasPrefix("held"))
      for number in 1...200 { _ = try await store.send("\(number)") }
      #expect(try pagesOfLog(database) > 800)
      kill(holder.pid, SIGKILL)
      // The lock is free once the child is gone.
      _ = holder.finish()
      // The first one makes the checkpoint, after its reply.
      for number in 1...3 { _ = try await store.send("after \(number)") }
      let pages = try pagesOfLog(database)
      for number in 1...50 { _ = try await store.send("later \(number)") }
      #expect(try pagesOfLog(database) == pages)
    }
  }

  @Test func anOldReaderBlocksNoWriterAndNothingIsLost() async throws {
    try await withDatabase { database in
      let store = try await database.openStore(options(pages: 50, spacing: 0))
      _ = try await store.send("first")
      let reader = try TestProgram("sqlite3", ["-batch", database.path])
      defer { _ = reader.finish() }
      reader.write("BEGIN; SELECT content FROM messages;\n")
      #expect(reader.read() == "first\n")
      for number in 1...60 { _ = try await store.send("\(number)") }
      reader.write("SELECT COUNT(*) FROM messages;\n")
      #expect(reader.read() == "1\n")
      #expect(try await store.look().count == 61)
    }
  }
}
