import Dispatch
import Synchronization

/// The raw wake-up of SQLite: one connection inserts and commits, and wakes the thread of another one, which reads it.
final class SQLiteWakeUp: @unchecked Sendable {
  private let writer: SQLiteFloor
  private let reader: SQLiteFloor
  private let committed = DispatchSemaphore(value: 0)
  private let seen = DispatchSemaphore(value: 0)
  private let isOver = Atomic(false)

  init(_ writer: SQLiteFloor, _ reader: SQLiteFloor) throws {
    self.writer = writer
    self.reader = reader
    let newest = Query(statement: try reader.file.prepare("SELECT rowid, content FROM messages ORDER BY rowid DESC LIMIT 1"))
    DispatchQueue(label: "reader").async { [self] in
      while true {
        committed.wait()
        if isOver.load(ordering: .acquiring) { return }
        _ = try? newest.statement.run()
        seen.signal()
      }
    }
  }

  private struct Query: @unchecked Sendable {
    let statement: SQLiteFile.Statement
  }

  func once() throws {
    try writer.send(Measuring.text)
    committed.signal()
    seen.wait()
  }

  func end() {
    isOver.store(true, ordering: .releasing)
    committed.signal()
  }
}
