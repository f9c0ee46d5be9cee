import Bridge
import BridgeTesting
import Testing

@testable import SQLiteStore

@Suite("Behind a lock of another program") struct LockTests {
  @Test func callsThatWaitedForEachOtherHaveOneDeadline() async throws {
    try await withDatabase { database in
      let store = try await database.openStore()
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
      let store = try await database.openStore(.init(busyTimeout: .seconds(2)))
      try await database.whileLocked { _ in
        let time = await ContinuousClock().measure {
          await withTaskGroup(of: Void.self) { group in
            for number in 1...5 { group.addTask { await #expect(throws: BridgeError.self) { try await store.send("\(number)") } } }
            group.addTask { await #expect(throws: BridgeError.self) { try await store.heartbeat(database.code) } }
            group.addTask { await #expect(throws: Never.self) { _ = try await store.unreadCounts(for: .code) } }
          }
        }
        #expect(time < .seconds(8))
      }
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
