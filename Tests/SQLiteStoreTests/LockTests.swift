import Bridge
import BridgeTesting
import Foundation
import SystemSupport
import Testing

@testable import SQLiteStore

@Suite("Behind a lock of another program") struct LockTests {
  @Test func aVerbBlocksNoThreadOfSwiftConcurrency() async throws {
    try await withDatabase { database in
      let store = try await database.openStore()
      #expect(try await store.visit { _ in TaskThreads.shared.hasThisThread })
      #expect(!TaskThreads.shared.hasThisThread)
    }
  }

  @Test func callsThatWaitedForEachOtherHaveOneDeadline() async throws {
    try await withDatabase { database in
      let store = try await database.openStore(.init(busyTimeout: .seconds(60)))
      try await database.whileLocked { _ in
        let now = ContinuousClock.now
        await CallStart.with(now - store.connections.busyTimeout) {
          for number in 1...5 { await #expect(throws: BridgeError.self) { try await store.send("\(number)") } }
        }
        #expect(ContinuousClock.now - now < store.connections.busyTimeout)
      }
      #expect(try await store.look() == [])
    }
  }

  @Test func nobodyQueuesBehindTheWaitOfAnother() async throws {
    try await withDatabase { database in
      let store = try await database.openStore(.init(busyTimeout: .seconds(60)))
      let ended = Shared(0)
      let sends = Shared([Task<Void, any Error>]())
      try await database.whileLocked { _ in
        for number in 1...5 {
          let send = Task {
            defer { ended.change { $0 += 1 } }
            _ = try await store.send("\(number)")
          }
          sends.change { $0.append(send) }
        }
        // The sign of those that wait.
        while FileDescriptor.withLock(SidecarFiles.doorbell(of: database.path), of: database.path, { _ in }) != nil { await Task.yield() }
        await CallStart.with(.now - .seconds(60)) {
          _ = await #expect(throws: BridgeError.self) { try await store.heartbeat(database.code) }
        }
        _ = try await store.unreadCounts(for: .code)
        #expect(ended.value == 0)
      }
      for send in sends.value { try await send.value }
      #expect(try await Set(store.look()) == ["1", "2", "3", "4", "5"])
    }
  }

  @Test func aCallThatIsCancelledWhileItWaitsWritesNothing() async throws {
    try await withDatabase { database in
      let store = try await database.openStore()
      let call = Shared<Task<SendReceipt, any Error>?>(nil)
      try await database.whileLocked { _ in
        let task = Task { try await store.send("cancelled") }
        call.change { $0 = task }
        task.cancel()
      }
      await #expect(throws: BridgeError.cancelled) { try await call.value?.value }
      #expect(try await store.look() == [])
    }
  }

  /// A stopped process keeps them for as long as it is stopped.
  @Test func noCallWaitsForEverForALockBesideTheDatabase() async throws {
    try await withDatabase { database in
      // Something in the log.
      _ = try await database.openStore().send("first")
      await #expect(processExitsWith: .success) { [path = database.path as String] in
        alarm(60)
        for sidecar in [SidecarFiles.doorbell(of: path), SidecarFiles.upkeep(of: path), SidecarFiles.logOwner(of: path)] {
          #expect(try FileDescriptor.openSidecar(sidecar, of: path).lock())
        }
        var options = SQLiteStore.Options()
        options.checkpoints = Checkpoints.Schedule(pages: 1, spacing: 0)
        let store = SQLiteStore(path: path, options: options, logger: .silent)
        _ = try await store.send("second")
        await store.index()
        #expect(try await store.history(HistoryQuery(agent: .code, text: "second")).messages.count == 1)
        await store.close()
      }
    }
  }

  @Test func theErrorNamesTheProgram() async throws {
    try await withDatabase { database in
      for mode in ["WAL", "DELETE"] {
        try await database.openStore().close()
        try await database.shell.run("PRAGMA journal_mode = \(mode)")
        let store = try await database.openStore(.init(busyTimeout: .milliseconds(1)))
        try await database.whileLocked { pid in
          let message = await #expect(throws: BridgeError.self) { try await store.send("m") }?.message ?? ""
          #if os(Linux)
            #expect(message.hasPrefix("sqlite3 (process \(pid)) keeps \(database.path) locked"), "\(mode): \(message)")
          #endif
        }
        await store.close()
      }
    }
  }
}
