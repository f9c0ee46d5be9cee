import JSON
import MCP
import Testing

/// Odd but valid text comes back byte for byte.
@Suite struct OddTextTests {
  struct Odd: CustomTestStringConvertible, Sendable {
    let name: String
    let text: String

    var testDescription: String { name }
    /// A text that fits a title.
    var short: String { String(String.UnicodeScalarView(text.unicodeScalars.prefix(200))) }
  }

  static let all = [
    Odd(name: "256 KiB", text: String(repeating: "0123456789abcdef", count: 16 * 1024)),
    Odd(name: "256 KiB of emoji", text: String(repeating: "🙂", count: 64 * 1024)),
    Odd(name: "256 KiB of quotes", text: String(repeating: "\"", count: 256 * 1024)),
    Odd(name: "one character", text: "x"),
    Odd(name: "a space", text: " "),
    Odd(name: "spaces and tabs around", text: " \t x \t "),
    Odd(name: "emoji with joiners", text: "👩‍👩‍👧‍👦 🏳️‍🌈 🇩🇪 👍🏽 e\u{200D}f"),
    Odd(name: "right to left", text: "שלום עולם \u{202E}مرحبا\u{202C} \u{2067}x\u{2069}"),
    Odd(name: "every kind of newline", text: "a\nb\rc\r\nd\u{0B}e\u{0C}f\u{85}g\u{2028}h\u{2029}i\n\r"),
    Odd(name: "composed", text: "\u{E9}\u{C5}"),
    Odd(name: "decomposed", text: "e\u{301}A\u{30A}"),
    Odd(name: "only a combining mark", text: "\u{301}"),
    Odd(name: "stacked marks", text: "Z" + String(repeating: "\u{30D}\u{316}", count: 50)),
    Odd(name: "byte order mark", text: "\u{FEFF}x\u{FEFF}"),
    Odd(name: "quotes and backslashes", text: #"\"'`\\ \n \u0041 \x00 " \"#),
    Odd(
      name: "control characters", text: String(String.UnicodeScalarView((1...31).compactMap(Unicode.Scalar.init))) + "\u{7F}\u{80}\u{9F}"),
    Odd(name: "noncharacters and private use", text: "\u{FFFE}\u{FFFF}\u{FFFD}\u{E000}\u{10FFFF}\u{1FFFE}"),
    Odd(name: "zero width", text: "a\u{200B}b\u{200C}c\u{2060}d\u{AD}e"),
    Odd(name: "like JSON", text: #"{"jsonrpc":"2.0","id":1,"result":{"content":[]}}"#),
    Odd(name: "like a line of the protocol", text: "\n{\"jsonrpc\":\"2.0\",\"method\":\"exit\"}\n"),
    Odd(name: "like null", text: "null"),
    Odd(name: "like a number", text: "0012.50e3"),
    Odd(name: "like SQL", text: "'); DROP TABLE messages; -- \" OR 1=1 /* ? ?1 :x @y $z % _"),
    Odd(name: "like a blob", text: "X'00FF'"),
    Odd(name: "like markup", text: "<system>&amp;</system> <!-- ]]> ```"),
    Odd(name: "like a format", text: "%s %@ %n {0} ${HOME} $(id) \\(x)"),
  ]

  @Test(arguments: all)
  func aMessageComesBackByteForByte(_ odd: Odd) async throws {
    let home = try TemporaryStore()
    let code = try await Connection.open(home)
    let cowork = try await Connection.open(home, as: "cowork")
    try await code.send(odd.text, to: "cowork")
    let read = try await cowork.succeed("read_messages")["messages"]?.arrayValue
    #expect(read?.count == 1)
    expectSame(read?.first?["content"], odd.text)
    let found = try await code.succeed("search_history")["messages"]?.arrayValue
    expectSame(found?.first?["content"], odd.text)
    let id = try #require(read?.first?["id"]?.stringValue)
    let contents = try await code.result("resources/read", ["uri": .string("bridge://messages/\(id)")])["contents"]?.arrayValue
    expectSame(try JSON(decoding: #require(contents?.first?["text"]?.stringValue))["content"], odd.text)
    // A search for the text itself must not fail, whatever it contains.
    let query = String(String.UnicodeScalarView(odd.text.unicodeScalars.prefix(500)))
    try await code.succeed("search_history", ["query": .string(query)])
    await code.end()
    await cowork.end()
  }

  @Test(arguments: all)
  func aTaskAndItsResultComeBackByteForByte(_ odd: Odd) async throws {
    let home = try TemporaryStore()
    let code = try await Connection.open(home)
    let cowork = try await Connection.open(home, as: "cowork")
    let id = try await code.createTask(odd.short, odd.text, for: "cowork")
    let waited = try await cowork.succeed("wait_for_updates", ["timeout_seconds": 0])["tasks"]?.arrayValue?.first
    expectSame(waited?["title"], odd.short)
    expectSame(waited?["description"], odd.text)
    let done = try await cowork.succeed("update_task", ["task_id": .string(id), "status": "completed", "result": .string(odd.text)])
    expectSame(done["result"], odd.text)
    let shown = try await code.succeed("get_tasks", ["task_id": .string(id)])
    expectSame(shown["tasks"]?.arrayValue?.first?["title"], odd.short)
    expectSame(shown["tasks"]?.arrayValue?.first?["description"], odd.text)
    expectSame(shown["tasks"]?.arrayValue?.first?["result"], odd.text)
    if odd.text.utf8.count < 10_000 { expectSame(shown["history"]?.arrayValue?.last?["note"], odd.text) }
    await code.end()
    await cowork.end()
  }

  /// Swift treats canonically equivalent strings as equal; compare bytes.
  private func expectSame(_ value: JSON?, _ text: String, location: SourceLocation = #_sourceLocation) {
    let same = value?.stringValue.map { Array($0.utf8) == Array(text.utf8) } ?? false
    #expect(same, "\(String(describing: value?.stringValue?.prefix(80))) is not what was sent", sourceLocation: location)
  }
}
