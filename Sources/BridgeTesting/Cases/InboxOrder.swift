import Bridge
import Testing

extension StoreSuite {
  static let inboxOrder = area("inbox order") {
    StoreCase("messages come in the order in which they were written, whatever their times say") { bench in
      let times = ["'2031-01-01T00:00:00Z'", "'yesterday'", "NULL", "''", "datetime('now')", "'1999-12-31 23:59:59'"]
      for (number, time) in times.enumerated() { try await bench.insert("row-\(9 - number)", "\(number)", at: time) }
      try await bench.send("last")
      #expect(try await bench.take().contents == ["0", "1", "2", "3", "4", "5", "last"])
    }
    StoreCase("an inbox that is read in portions comes whole and in order") { bench in
      let all = (1...60).map(String.init)
      for content in all { try await bench.send(content) }
      var seen = [String]()
      while true {
        let portion = try await bench.take(limit: 7)
        guard let lease = portion.lease else { break }
        seen += portion.contents
        try await bench.store.confirm(lease)
      }
      #expect(seen == all)
    }
    StoreCase("what is given back keeps its place before newer messages, also after the newest were deleted") { bench in
      for content in ["1", "2", "3"] { try await bench.send(content) }
      let lease = try await bench.lease(limit: 2)
      try await bench.harness.executeByHand("DELETE FROM messages WHERE content = '3'")
      try await bench.send("4")
      try await bench.store.undo(lease)
      #expect(try await bench.take().contents == ["1", "2", "4"])
    }
  }
}
