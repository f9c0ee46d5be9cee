import Bridge
import Foundation
import Testing

@testable import SQLiteStore

@Suite struct LogVolumeTests {
  @Test func aMessageWritesAtMostFivePagesToTheLog() async throws {
    try await withDatabase { database in
      var options = SQLiteStore.Options()
      options.checkpoints = Checkpoints.Schedule(pages: .max, spacing: 0)
      let store = try await database.openStore(options)
      func pagesOfLog() throws -> Double {
        let size = try FileManager.default.attributesOfItem(atPath: database.path + "-wal")[.size] as? NSNumber
        // Each page follows a header.
        return (size?.doubleValue ?? 0) / (4096 + 24)
      }
      let text = String(repeating: "a line of a usual message ", count: 5)
      // Until the trees have their usual depth.
      for _ in 1...300 { _ = try await store.send(text) }
      let before = try pagesOfLog()
      for _ in 1...300 { _ = try await store.send(text) }
      let pages = try (pagesOfLog() - before) / 300
      #expect(pages > 1)
      #expect(pages <= 5)
    }
  }
}
