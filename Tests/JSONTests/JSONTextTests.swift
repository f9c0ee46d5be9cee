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
    #expect(try JSON(decoding: json.bytes) == json.value)
    return json.text
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
}
