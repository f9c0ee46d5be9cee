import Bridge
import Testing

@testable import SQLiteStore

@Suite("A transcript of a file notices that rows were deleted, and that it is another file")
struct RowTrailTests {
  private func row(_ number: Int64, _ identity: String) -> RowTrail.Row { RowTrail.Row(number: number, identity: identity) }

  @Test func theMarkIsTheLastRowThatIsStillThere() {
    var trail = RowTrail([row(1, "a"), row(2, "b")])
    trail.tell([TranscriptRow(number: 3, time: nil, identity: "c"), TranscriptRow(number: 5, time: nil, identity: "e")], isWhole: true)
    #expect(trail.mark == 5)
    let there = [row(1, "a"), row(2, "b"), row(3, "another")]
    trail.goBack { !there.contains($0) }
    #expect(trail.mark == 2)
    trail.goBack { _ in true }
    #expect(trail.mark == 0)
  }

  @Test func itRemembersALimitedNumberOfRows() {
    var trail = RowTrail((1...3_000).map { row($0, "\($0)") })
    #expect(trail.rows.count == RowTrail.capacity && trail.mark == 3_000)
    trail.tell([TranscriptRow(number: 3_001, time: nil, identity: "x")], isWhole: true)
    #expect(trail.rows.count == RowTrail.capacity && trail.mark == 3_001)
  }

  @Test func anotherFileInThePlaceOfThisOneIsToldFromItsBeginning() async throws {
    try await withDatabase { database in
      let store = try await database.openStore()
      let reader = store.transcript(of: nil, from: TranscriptStart())
      for number in 1...5 { _ = try await store.send("\(number)") }
      #expect(try await reader.next().entries.count == 5)
      try await withDatabase { other in
        _ = try await other.openStore().send("of another file")
        await other.close()
        try await database.shell.run(".restore \(other.path)")
        #expect(try await reader.next().entries.count == 1)
      }
    }
  }
}
