import Foundation
import GRDB
import Testing

@testable import SQLiteStore

@Suite("What a lease covers")
struct DeliveredTests {
  private func reference(_ row: Int64, _ id: DatabaseValue, _ bytes: Data) -> Delivered.Reference {
    Delivered.Reference(["row": row, "id": id, "id_bytes": bytes])
  }

  @Test func itemsWithAnyIdSurviveEncoding() throws {
    let ids = ["2f1e", "", "a\"b\\c/d", "line\nend\r\t\u{1}\u{1F}\u{7F}", "été 🦀 \u{2028}"]
    var delivered = Delivered()
    for (row, id) in ids.enumerated() { delivered.messages.append(reference(Int64(row), id.databaseValue, Data(id.utf8))) }
    let blob = Data([0xFF, 0x00])
    delivered.messages.append(reference(-7, blob.databaseValue, blob))
    for side in [Delivered.TaskReference.Side.assignee, .creator] {
      delivered.tasks += delivered.messages.map { Delivered.TaskReference(task: $0, side: side) }
    }
    let read = try Delivered(encoded: delivered.encoded)
    #expect(read.messages == delivered.messages)
    #expect(read.messages.map(\.id) == ids + [nil])
    #expect(read.messages.last?.bytes == "FF00")
    #expect(read.tasks.map(\.task) == delivered.messages + delivered.messages)
    #expect(read.tasks.map(\.side) == Array(repeating: .assignee, count: 6) + Array(repeating: .creator, count: 6))
    #expect(try Delivered(encoded: Delivered().encoded).isEmpty)
  }
}
