import Testing

@testable import SQLiteStore

@Suite("The fault of SQLite's write-ahead log")
struct WriteAheadLogFaultTests {
  @Test(
    "is in the versions before 3.51.3",
    arguments: [("3.9.2", true), ("3.40.1", true), ("3.51.2", true), ("3.51.3", false), ("3.52.0", false), ("4.0.0", false)])
  func isIn(_ version: String, _ expected: Bool) {
    #expect(WriteAheadLogFault.isIn(version) == expected)
  }
}
