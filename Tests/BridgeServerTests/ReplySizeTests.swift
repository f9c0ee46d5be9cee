import JSON
import MCP
import Testing

/// A reply of ordinary text stays under 40,000 characters; what does not fit comes with the next.
@Suite struct ReplySizeTests {
  let home: TemporaryStore
  let code: Connection
  let cowork: Connection

  init() async throws {
    home = try TemporaryStore()
    code = try await .open(home)
    cowork = try await .open(home, as: "cowork")
  }

  @Test(arguments: [
    ("x", true), ("é", true), ("print(\"found \\(name)\")\n", true), ("\"", false), ("\u{1}", false), ("🙂", false), ("\n", false),
  ])
  func manyMessagesComeInPortions(_ text: String, isOrdinary: Bool) async throws {
    let sent = (0..<30).map { "\($0) " + String(repeating: text, count: 3000 / text.count) }
    for text in sent { try await code.send(text, to: "cowork") }
    var read = [String]()
    while read.count < sent.count {
      let portion = try await cowork.succeed("read_messages", ["limit": 200])
      if isOrdinary { #expect(size(portion) < 40_000) }
      read += contents(portion)
      #expect(portion["remaining"]?.wholeNumber == Int64(sent.count - read.count))
      try #require(!contents(portion).isEmpty)
    }
    #expect(read == sent)
  }

  @Test func aMessageLargerThanAReplyComesAloneAndWhole() async throws {
    let large = String(repeating: "y", count: 100_000)
    for text in ["before", large, "after"] { try await code.send(text, to: "cowork") }
    let portions = [
      try await cowork.succeed("read_messages"), try await cowork.succeed("read_messages"), try await cowork.succeed("read_messages"),
    ]
    #expect(portions.map(contents) == [["before"], [large], ["after"]])
    #expect(portions.map { $0["remaining"] } == [2, 1, 0])
  }

  @Test func historyAndUpdatesKeepTheLimitToo() async throws {
    for number in 0..<20 { try await code.send("\(number) " + String(repeating: "z", count: 5000), to: "cowork") }
    let history = try await code.succeed("search_history", ["limit": 200])
    #expect(size(history) < 40_000 && history["more"] == true)
    var count = 0
    while count < 20 {
      let updates = try await cowork.succeed("wait_for_updates", ["timeout_seconds": 0])
      #expect(size(updates) < 40_000)
      try #require(!contents(updates).isEmpty)
      count += contents(updates).count
    }
  }

  @Test func tasksWithHugeDescriptionsComeInPortions() async throws {
    for number in 0..<6 { _ = try await code.createTask("\(number)", String(repeating: "d", count: 15_000), for: "cowork") }
    let listed = try await cowork.succeed("get_tasks")
    #expect(size(listed) < 40_000)
    #expect(listed["tasks"]?.arrayValue?.count == 2 && listed["remaining"] == 4)
    let open = try await code.succeed("get_tasks", ["role": "creator", "limit": 1])
    #expect(open["tasks"]?.arrayValue?.count == 1 && open["remaining"] == 5)
  }

  @Test func theNewsOfHugeTasksComesInPortionsAndIsNeverLost() async throws {
    let titles = (0..<6).map { "\($0)" }
    for title in titles { _ = try await code.createTask(title, String(repeating: "d", count: 15_000), for: "cowork") }
    var seen = [String]()
    while seen.count < titles.count {
      let updates = try await cowork.succeed("wait_for_updates", ["timeout_seconds": 0])
      #expect(size(updates) < 40_000)
      try #require(updates["timed_out"] == false)
      seen += (updates["tasks"]?.arrayValue ?? []).compactMap { $0["title"]?.stringValue }
    }
    #expect(seen == titles)
    let largest = String(repeating: "D", count: 200_000)
    _ = try await code.createTask("the largest", largest, for: "cowork")
    let alone = try await cowork.succeed("wait_for_updates", ["timeout_seconds": 0])["tasks"]?.arrayValue
    #expect(alone?.count == 1 && alone?.first?["description"]?.stringValue == largest)
  }

  @Test func aTasksLongHistoryKeepsTheLimit() async throws {
    let id = try await code.createTask(for: "cowork")
    for number in 0..<8 {
      let note: JSON = .string("\(number) " + String(repeating: "n", count: 10_000))
      try await cowork.succeed("update_task", ["task_id": .string(id), "status": "in_progress", "result": note])
    }
    let shown = try await code.succeed("get_tasks", ["task_id": .string(id)])
    #expect(size(shown) < 40_000)
    #expect(shown["history"]?.arrayValue?.last?["note"]?.stringValue?.hasPrefix("7 ") == true, "the newest is what counts")
  }

  /// As UTF-16 counts characters.
  private func size(_ result: JSON) -> Int { String(decoding: result.encoded(), as: UTF8.self).utf16.count }
}
