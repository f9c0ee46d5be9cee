import Bridge
import Testing

extension StoreSuite {
  static let leases = area("leases") {
    StoreCase("what was taken is read at once, and not taken again by this process or another") { bench in
      try await bench.send("once")
      #expect(try await bench.take().contents == ["once"])
      #expect(try await bench.valueByHand("SELECT read FROM messages") == "1")
      #expect(try await bench.take().isEmpty)
      let other = try await bench.another()
      #expect(try await bench.take(from: other).isEmpty)
      #expect(try await other.recoverExpired() == 0)
    }
    StoreCase("what was undone is unread again, not marked as seen before, and cannot be confirmed later") { bench in
      try await bench.send("again")
      let lease = try await bench.lease()
      try await bench.store.undo(lease)
      #expect(try await bench.valueByHand("SELECT read FROM messages") == "0")
      try await bench.store.confirm(lease)
      let message = try #require(try await bench.take().messages.first)
      #expect(message.content == "again" && !message.redelivered)
    }
    StoreCase("leases have names of their own, undoing one leaves the others, and taking nothing makes none") { bench in
      #expect(try await bench.take(tasks: true).lease == nil)
      for content in ["1", "2"] { try await bench.send(content) }
      let first = try await bench.lease(limit: 1)
      let second = try await bench.take(limit: 1)
      #expect(second.contents == ["2"] && second.lease != first)
      try await bench.store.undo(first)
      #expect(try await bench.unread() == ["1"])
    }
    StoreCase("confirming is final: repeating it, renewing or undoing it later changes nothing") { bench in
      try await bench.send("final")
      let forgetful = try await bench.forgetful()
      let lease = try await bench.lease(from: forgetful)
      for _ in 1...2 { try await bench.store.confirm(lease) }
      try await forgetful.renew([lease])
      try await bench.store.undo(lease)
      #expect(try await bench.store.recoverExpired() == 0)
      #expect(try await bench.take().isEmpty)
    }
    StoreCase("an unknown lease is no error") { bench in
      try await bench.store.confirm(UniqueID.make())
      try await bench.store.undo("no lease")
      for leases in [["no lease", UniqueID.make()], []] { try await bench.store.renew(leases) }
      #expect(try await bench.store.recoverExpired() == 0)
    }
    StoreCase("a lease that is renewed in time does not expire") { bench in
      try await bench.send("slow reply")
      try await bench.store.renew([bench.lease(from: bench.forgetful())])
      #expect(try await bench.store.recoverExpired() == 0)
      #expect(try await bench.take().isEmpty)
    }
    StoreCase("a message that was deleted while it was taken stays deleted") { bench in
      try await bench.send("deleted")
      let lease = try await bench.lease()
      try await bench.harness.executeByHand("DELETE FROM messages")
      try await bench.send("new")
      try await bench.store.undo(lease)
      #expect(try await bench.take().contents == ["new"])
    }
  }
}
