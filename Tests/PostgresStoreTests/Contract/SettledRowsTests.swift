import Testing

@testable import PostgresStore

@Suite("A transcript's mark rises only where nothing can come below it any more")
struct SettledRowsTests {
  private var rows = SettledRows()

  @Test mutating func withoutWritersItRisesWithTheNextLook() {
    rows.tell([1, 2], isWhole: true, writers: [])
    #expect(rows.mark == 0 && rows.told == [1, 2])
    rows.tell([], isWhole: true, writers: [])
    #expect(rows.mark == 2 && rows.told.isEmpty)
  }

  @Test mutating func aWriterHoldsItUntilItHasEndedAndALookHasFollowed() {
    rows.tell([1, 3], isWhole: true, writers: ["4/1"])
    rows.tell([4], isWhole: true, writers: ["4/1", "5/9"])
    #expect(rows.mark == 0 && rows.told == [1, 3, 4])
    // It ended between the read and the list of writers: its row 2 may have been invisible.
    rows.tell([5], isWhole: true, writers: ["5/9"])
    #expect(rows.mark == 0)
    rows.tell([2], isWhole: true, writers: ["5/9"])
    #expect(rows.mark == 3 && rows.told == [4, 5])
  }

  @Test mutating func aWriterThatCameLaterHoldsOnlyWhatCameLater() {
    rows.tell([1], isWhole: true, writers: ["4/1"])
    rows.tell([2], isWhole: true, writers: ["7/7"])
    rows.tell([], isWhole: true, writers: ["7/7"])
    #expect(rows.mark == 1 && rows.told == [2])
    for _ in 1...3 { rows.tell([], isWhole: true, writers: ["7/7"]) }
    #expect(rows.mark == 1)
    rows.tell([], isWhole: true, writers: [])
    rows.tell([], isWhole: true, writers: [])
    #expect(rows.mark == 2)
  }

  @Test mutating func aPartOfWhatCameLateDoesNotCountAsAllOfIt() {
    rows.tell([9], isWhole: true, writers: ["4/1"])
    rows.tell([], isWhole: true, writers: [])
    // Rows 1 to 8 of the writer that has ended, in two pages.
    rows.tell([1, 2, 3, 4], isWhole: false, writers: [])
    #expect(rows.mark == 0)
    rows.tell([5, 6, 7, 8], isWhole: true, writers: [])
    #expect(rows.mark == 9 && rows.told.isEmpty)
  }

  @Test mutating func aPreparedTransactionHoldsItUnderItsNewNumber() {
    rows.tell([2], isWhole: true, writers: ["4/1"])
    rows.tell([], isWhole: true, writers: ["-1/815"])
    rows.tell([], isWhole: true, writers: ["-1/815"])
    #expect(rows.mark == 0)
    rows.tell([], isWhole: true, writers: [])
    rows.tell([1], isWhole: true, writers: [])
    #expect(rows.mark == 2)
  }

  @Test mutating func whatIsNotToBeToldCountsAsTold() {
    rows = SettledRows(mark: 5, told: [6, 8])
    rows.tell([9], isWhole: true, writers: [])
    #expect(rows.told == [6, 8, 9])
    rows.tell([7], isWhole: true, writers: [])
    #expect(rows.mark == 9)
  }
}
