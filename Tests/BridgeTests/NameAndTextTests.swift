import Testing

@testable import Bridge

@Suite("Names and texts")
struct NameAndTextTests {
  @Test(arguments: ["a", "0", "code", "cowork", "a.b_c-d", "7th", String(repeating: "a", count: 63)])
  func allowedNamesAreKept(name: String) throws {
    #expect(try Identity(name).name == name)
    #expect(try Workspace(name).description == name)
  }

  @Test(
    "names that are not, with an error that says how",
    arguments: [
      "", "A", "Code", ".a", "_a", "-a", "a b", "a/b", "ä", "a\n", "a\u{0}", "..", "a'", "日", String(repeating: "a", count: 64),
      String(repeating: "x", count: 10_000),
    ])
  func refused(name: String) {
    let error = #expect(throws: BridgeError.self) { try Identity(name) }
    #expect(error?.code == .invalidName && error?.message.contains("a-z") == true && (error?.message.count ?? 0) < 300)
    #expect(throws: BridgeError.self) { try Workspace(name) }
  }

  @Test(
    "the nearest name is offered, and nothing that is far",
    arguments: [
      ("cowrok", "cowork"), ("codee", "code"), ("c0de", "code"), ("REVIEWER", "reviewer"), ("reviwer", "reviewer"), ("zzzzzzzzzz", nil),
      ("edoc", nil),
    ] as [(String, String?)])
  func nearest(name: String, expected: String?) {
    #expect(NearestName.of(name, among: ["code", "cowork", "reviewer"].filter { name != "edoc" || $0 == "reviewer" }) == expected)
  }

  @Test func noNamesHaveNoNearest() { #expect(NearestName.of("code", among: []) == nil) }

  @Test(
    "a cursor is what it says, and nothing else is one",
    arguments: ["", "open", "open-", "ended-1-", "open-1F", "open-01", "open-+1", "other-1", "open 1", "-1", "open-1y2p0ij32e8e8"])
  func cursors(text: String) throws {
    for part in TaskCursor.Part.allCases {
      for row in [0, 1, -1, 12_345, Int64.min, .max] {
        let cursor = TaskCursor(part: part, row: row)
        #expect(try TaskCursor(cursor.text) == cursor)
      }
    }
    let error = #expect(throws: BridgeError.self) { try TaskCursor(text) }
    #expect(error?.code == .invalidValue && error?.message.hasPrefix("cursor is not one that get_tasks returned: \"\(text)\"") == true)
  }

  @Test func aTextHasAtMost256KiBOfUTF8() throws {
    let largest = String(repeating: "é", count: Limits.textBytes / 2)
    try TextRule.text(largest, field: "content")
    let error = #expect(throws: BridgeError.self) { try TextRule.text(largest + "x", field: "result") }
    #expect(error?.code == .invalidValue && error?.message.contains("result") == true && error?.message.contains("262145") == true)
  }

  @Test func aDescriptionMayBeEmptyAndContentMayNot() throws {
    #expect(throws: BridgeError.self) { try NewMessage(sender: .code, recipient: .code, content: "").validate() }
    try NewTask(sender: .code, recipient: .code, title: "t", description: "").validate()
  }

  @Test func aTitleHas1To200Scalars() throws {
    try TextRule.title(String(repeating: "🙂", count: 200))
    for title in ["", String(repeating: "a", count: 201), "a\u{0}"] {
      #expect(throws: BridgeError.self) { try NewTask(sender: .code, recipient: .code, title: title, description: "").validate() }
    }
  }

  @Test func aKeyAndAReferenceHave1To200Bytes() throws {
    try TextRule.key(nil)
    try TextRule.reference(nil, field: "reply_to")
    for text in ["k", String(repeating: "k", count: 200)] {
      try TextRule.key(text)
      try TextRule.reference(text, field: "reply_to")
    }
    for text in ["", String(repeating: "k", count: 201), String(repeating: "é", count: 101), "\u{0}"] {
      #expect(throws: BridgeError.self) { try TextRule.key(text) }
      let error = #expect(throws: BridgeError.self) { try TextRule.reference(text, field: "reply_to") }
      #expect(error?.message.contains("reply_to") == true)
    }
  }

  @Test func aNULCharacterIsRefusedByNameInEveryText() {
    let messages = [
      #expect(throws: BridgeError.self) { try NewMessage(sender: .code, recipient: .code, content: "a\u{0}b").validate() },
      #expect(throws: BridgeError.self) { try NewTask(sender: .code, recipient: .code, title: "t", description: "\u{0}").validate() },
      #expect(throws: BridgeError.self) {
        try TransitionRequest(taskID: "t", actor: .code, instance: Instance(agent: .code), status: .failed, result: "\u{0}").validate()
      },
    ].map { $0?.message ?? "" }
    for (message, field) in zip(messages, ["content", "description", "result"]) {
      #expect(message.contains(field) && message.contains("NUL"))
    }
  }

  @Test(
    "a text is searched by its words, in small letters without accents, and by runs of scripts without spaces",
    arguments: [
      ("", []), ("  ", []), ("->", []), ("One two", ["one", "two"]), ("src/main.swift:42", ["src", "main", "swift", "42"]),
      ("naïve e\u{301}tude", ["naive", "etude"]), ("\"a\" AND (b*)", ["a", "and", "b"]), ("日本語、文", ["日本語", "文"]),
      ("a🙂b", ["a", "🙂", "b"]), ("½ ²", ["1", "2", "2"]), ("snake_case", ["snake", "case"]), ("हिन्दी।", ["हिन्दी"]),
      ("\u{301}\u{200B}", []), ("ＡＢＣ ｶﾞ ﬁ İ", ["abc", "ガ", "fi", "i"]), ("ΟΔΌΣ", ["οδοσ"]), ("שָׁלוֹם", ["שלום"]),
    ] as [(String, [String])])
  func foldedTokens(text: String, words: [String]) { #expect(FoldedText(text).tokens.map(\.text) == words) }

  @Test func durationsBecomeFractionalSeconds() {
    #expect(Duration.milliseconds(1_250).inSeconds == 1.25)
    #expect(Duration.milliseconds(-1_250).inSeconds == -1.25)
  }
}
