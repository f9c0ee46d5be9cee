import Dispatch

/// The raw wake-up of SQLite: one connection inserts and commits, another one asks again and again, on a processor of its own, whether
/// anything is new.
final class SQLiteWakeUp: @unchecked Sendable {
  private let writer: SQLiteFloor
  private let reader: SQLiteFloor
  private let asked = DispatchSemaphore(value: 0)
  private let seen = DispatchSemaphore(value: 0)
  private let isOver = Shared(false)

  init(_ writer: SQLiteFloor, _ reader: SQLiteFloor) throws {
    self.writer = writer
    self.reader = reader
    let version = try reader.file.prepare("PRAGMA data_version")
    let newest = try reader.file.prepare("SELECT rowid, content FROM messages ORDER BY rowid DESC LIMIT 1")
    let statements = Pair(version: version, newest: newest)
    DispatchQueue(label: "reader").async { [self] in
      var last = try? statements.version.run()
      while true {
        asked.wait()
        if isOver.use({ $0 }) { return }
        while let now = try? statements.version.run() {
          if now != last {
            last = now
            break
          }
        }
        _ = try? statements.newest.run()
        seen.signal()
      }
    }
  }

  private struct Pair: @unchecked Sendable {
    let version, newest: SQLiteFile.Statement
  }

  func once() throws {
    asked.signal()
    try writer.send(Measuring.text)
    seen.wait()
  }

  func end() {
    isOver.use { $0 = true }
    asked.signal()
  }
}
