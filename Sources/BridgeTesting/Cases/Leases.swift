import Bridge
import Testing

extension StoreSuite {
  static let leases = area(
    "leases",
    [
      StoreCase("what was taken is not taken again, by this process or another") { bench in
        try await bench.send("once")
        #expect(try await bench.take().contents == ["once"])
        #expect(try await bench.take().isEmpty)
        let other = try await bench.another()
        #expect(try await bench.take(from: other).isEmpty)
        #expect(try await other.recoverExpired() == 0)
      },
      StoreCase("what was taken is marked as read at once") { bench in
        try await bench.send("visible")
        _ = try await bench.take()
        #expect(try await bench.valueByHand("SELECT read FROM messages") == "1")
      },
      StoreCase("what was confirmed never comes back") { bench in
        try await bench.send("done")
        let forgetful = try await bench.forgetful()
        let lease = try #require(try await bench.take(from: forgetful).lease)
        try await bench.store.confirm(lease)
        #expect(try await bench.store.recoverExpired() == 0)
        #expect(try await bench.take().isEmpty)
      },
      StoreCase("what was undone is unread again, and not marked as seen before") { bench in
        try await bench.send("again")
        let lease = try #require(try await bench.take().lease)
        try await bench.store.undo(lease)
        #expect(try await bench.valueByHand("SELECT read FROM messages") == "0")
        let message = try #require(try await bench.take().messages.first)
        #expect(message.content == "again" && !message.redelivered)
      },
      StoreCase("undoing one lease leaves the others") { bench in
        for content in ["1", "2"] { try await bench.send(content) }
        let first = try #require(try await bench.take(limit: 1).lease)
        let second = try await bench.take(limit: 1)
        #expect(second.contents == ["2"])
        try await bench.store.undo(first)
        #expect(try await bench.unread() == ["1"])
      },
      StoreCase("leases have names of their own, and taking nothing makes none") { bench in
        #expect(try await bench.take(tasks: true).lease == nil)
        for content in ["1", "2"] { try await bench.send(content) }
        let first = try #require(try await bench.take(limit: 1).lease)
        let second = try #require(try await bench.take(limit: 1).lease)
        #expect(first != second)
      },
      StoreCase("confirming is final: repeating it or undoing it later changes nothing") { bench in
        try await bench.send("final")
        let lease = try #require(try await bench.take().lease)
        try await bench.store.confirm(lease)
        try await bench.store.confirm(lease)
        try await bench.store.undo(lease)
        #expect(try await bench.take().isEmpty)
      },
      StoreCase("a lease that was undone cannot be confirmed later") { bench in
        try await bench.send("open")
        let lease = try #require(try await bench.take().lease)
        try await bench.store.undo(lease)
        try await bench.store.confirm(lease)
        #expect(try await bench.unread() == ["open"])
      },
      StoreCase("an unknown lease is no error") { bench in
        try await bench.store.confirm(UniqueID.make())
        try await bench.store.undo("no lease")
        try await bench.store.renew(["no lease", UniqueID.make()])
        try await bench.store.renew([])
        #expect(try await bench.store.recoverExpired() == 0)
      },
      StoreCase("a lease that is renewed in time does not expire") { bench in
        try await bench.send("slow reply")
        let forgetful = try await bench.forgetful()
        let lease = try #require(try await bench.take(from: forgetful).lease)
        try await bench.store.renew([lease])
        #expect(try await bench.store.recoverExpired() == 0)
        #expect(try await bench.take().isEmpty)
      },
      StoreCase("renewing does not bring back what was confirmed") { bench in
        try await bench.send("gone")
        let lease = try #require(try await bench.take().lease)
        try await bench.store.confirm(lease)
        try await bench.forgetful().renew([lease])
        #expect(try await bench.store.recoverExpired() == 0)
        #expect(try await bench.take().isEmpty)
      },
      StoreCase("a message that was deleted while it was taken stays deleted") { bench in
        try await bench.send("deleted")
        let lease = try #require(try await bench.take().lease)
        try await bench.harness.executeByHand("DELETE FROM messages")
        try await bench.send("new")
        try await bench.store.undo(lease)
        #expect(try await bench.take().contents == ["new"])
      },
    ])
}
