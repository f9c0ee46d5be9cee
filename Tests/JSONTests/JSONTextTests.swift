import Testing

@testable import JSON

@Suite struct JSONTextTests {
  private static let written = """
    {
        "a": {"b" : 1 , "c":[ 2, 3 ]},  
        "d": "}\\"]",
        "e": []
    }

    """

  private func edited(_ text: String = written, _ body: (inout JSONText) throws -> Void) throws -> String {
    var json = try JSONText(Array(text.utf8))
    try body(&json)
    _ = try JSON(decoding: json.bytes)
    return String(decoding: json.bytes, as: UTF8.self)
  }

  @Test func aChangeLeavesTheRestAsItWas() throws {
    let text = try edited { try $0.set(["a", "b"], to: ["x": true]) }
    #expect(text == Self.written.replacing("\"b\" : 1 ,", with: "\"b\" : {\n            \"x\": true\n        } ,"))
    #expect(try edited { try $0.append(4, to: ["a", "c"]) } == Self.written.replacing("3 ]", with: "3, 4 ]"))
    #expect(try edited { try $0.append(4, to: ["e"]) } == Self.written.replacing("[]", with: "[\n        4\n    ]"))
    #expect(try edited { try $0.set(["f", "g"], to: 1) }.contains("[],\n    \"f\": {\n        \"g\": 1\n    }\n}"))
  }

  @Test func anItemIsRemovedWithItsComma() throws {
    #expect(try edited { try $0.remove([.key("a"), .key("b")]) } == Self.written.replacing("\"b\" : 1 , ", with: ""))
    #expect(try edited { try $0.remove([.key("a"), .key("c"), .index(1)]) } == Self.written.replacing(", 3", with: ""))
    #expect(try edited { try $0.remove([.key("e")]) } == Self.written.replacing(",\n    \"e\": []", with: ""))
    #expect(try edited("[ 1 ]") { try $0.remove([.index(0)]) } == "[]")
    #expect(try edited { try $0.remove([.key("a"), .index(0)]) } == Self.written)
    #expect(try edited { try $0.remove([.key("none"), .key("b")]) } == Self.written)
  }

  @Test func aPathThroughAnotherValueIsRefused() throws {
    #expect(throws: JSONPathError(path: ["d"], expected: "an object")) { try edited { try $0.set(["d", "x"], to: 1) } }
    #expect(throws: JSONPathError(path: ["a"], expected: "an array")) { try edited { try $0.append(1, to: ["a"]) } }
  }

  @Test func anEmptyTextIsAnEmptyObject() throws {
    #expect(try edited(" \n") { try $0.set(["a"], to: 1) } == "{\n  \"a\": 1\n}\n")
  }

  // MARK: Comments

  private static let commented = """
    // first
    {
      "a": 1, // about a
      /* block
         "x": */ "b": [1, 2,], // about b
      // last
    }

    """

  private func commented(_ text: String = commented, _ body: (inout JSONText) throws -> Void) throws -> String {
    var json = try JSONText(Array(text.utf8), allowsComments: true)
    try body(&json)
    _ = try JSONText(json.bytes, allowsComments: true)
    return String(decoding: json.bytes, as: UTF8.self)
  }

  @Test func commentsAndTrailingCommasStay() throws {
    #expect(try commented { try $0.set(["c"], to: 1) } == Self.commented.replacing("about b\n", with: "about b\n  \"c\": 1,\n"))
    #expect(try commented { try $0.append(3, to: ["b"]) } == Self.commented.replacing("2,]", with: "2, 3,]"))
    #expect(try commented { try $0.remove([.key("a")]) } == Self.commented.replacing("\"a\": 1, ", with: ""))
    #expect(try commented { try $0.remove([.key("b")]) } == Self.commented.replacing("\"b\": [1, 2,], ", with: ""))
    #expect(try commented("{ // x\n}") { try $0.set(["a"], to: 1) } == "{ // x\n  \"a\": 1\n}")
    #expect(try commented("{\n  \"a\": 1 // x\n}") { try $0.set(["b"], to: 1) } == "{\n  \"a\": 1, // x\n  \"b\": 1\n}")
    #expect(try commented("{\n  \"a\": 1, // x\n  \"b\": 2 }") { try $0.remove([.key("b")]) } == "{\n  \"a\": 1 // x\n }")
    #expect(throws: JSONError.self) { try JSONText(Array(Self.commented.utf8)) }
  }

  @Test(arguments: ["{/*", "{//", "{/", "{\"a\": 1,,}", "{,}", "[,]", "{\"a\" /* */}", "{} /", "{\"a\": 1, \"a\": 2}"])
  func whatIsWrongWithCommentsTooIsRefused(text: String) {
    #expect(throws: JSONError.self) {
      var json = try JSONText(Array(text.utf8), allowsComments: true)
      try json.set(["b"], to: 1)
    }
  }

  @Test func aMinifiedTextStaysMinified() throws {
    #expect(try edited(#"{"a":{"b":1}}"#) { try $0.set(["a", "c"], to: ["d": [1, 2]]) } == #"{"a":{"b":1,"c":{"d":[1,2]}}}"#)
    #expect(try edited(#"{"a":"b"}"#) { try $0.set(["a"], to: [1, 2]) } == #"{"a":[1,2]}"#)
  }

  @Test func aByteOrderMarkStays() throws {
    var json = try JSONText(Array("\u{FEFF}{\r\n}".utf8))
    try json.set(["a"], to: 1)
    #expect(json.bytes == Array("\u{FEFF}{\r\n  \"a\": 1\r\n}".utf8))
  }

  @Test func whatIsEmptyIsRemoved() throws {
    #expect(try edited("{\"a\": {}, \"b\": []}") { try $0.removeIfEmpty(["a"]) } == "{\"b\": []}")
    #expect(try edited("{\"a\": {\"b\": 1}}") { try $0.removeIfEmpty(["a"]) } == "{\"a\": {\"b\": 1}}")
  }

  @Test func theChangesOfATextAreKnown() {
    var text = EditedText(Array("abcdef".utf8))
    text.replace(1..<3, by: Array("XYZ".utf8))
    text.replace(2..<3, by: [])
    text.replace(5..<6, by: Array("!".utf8))
    text.replace(0..<0, by: Array(">".utf8))
    #expect(String(decoding: text.bytes, as: UTF8.self) == ">aXZde!")
    #expect(text.changes.map(\.removed) == [0..<0, 1..<3, 5..<6])
    #expect(text.changes.map { String(decoding: $0.inserted, as: UTF8.self) } == [">", "XZ", "!"])
  }
}
