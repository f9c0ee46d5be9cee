import Testing

@testable import JSON

private let ended = "The JSON text ends too early."
private let invalidNumber = "The number at offset 0 is not valid JSON."

private func unexpected(_ byte: UInt8, _ offset: Int) -> String {
  "The JSON text has an unexpected byte 0x\(String(byte, radix: 16)) at offset \(offset)."
}

@Suite struct JSONTests {
  @Test(
    arguments: [
      ("null", JSON.null), ("true", true), ("false", false), ("0", 0), ("-7", -7), ("9223372036854775807", .integer(.max)),
      ("-9223372036854775808", .integer(.min)), ("1.0", .number(1)), ("1e2", .number(100)), ("-0", .number(-0.0)), ("0.1e1", .number(1)),
      ("1E+2", .number(100)), ("1000000000000000000000000000000", .number(1e30)), ("\"\"", ""), ("[]", []), ("{}", [:]),
      (" [ 1 , 2 ] ", [1, 2]), ("{\"b\":1,\"a\":[{}]}", ["b": 1, "a": [[:]]]), (#""\u00e9\ud83d\uDE00\/\b\f""#, "é😀/\u{8}\u{c}"),
      (#""\u0000""#, "\u{0}"), ("\"\u{2028}\"", "\u{2028}"),
    ] as [(String, JSON)])
  func decodes(_ text: String, _ value: JSON) throws {
    #expect(try JSON(decoding: text) == value)
  }

  @Test(arguments: [
    ("", ended), ("{", ended), ("\"a", ended), ("[1,]", unexpected(0x5D, 3)), ("{\"a\":1,}", unexpected(0x7D, 7)), ("nul", ended),
    ("NaN", unexpected(0x4E, 0)), ("nux", unexpected(0x78, 2)),
    ("01", invalidNumber), ("1.", invalidNumber), ("-", invalidNumber),
    ("1e", invalidNumber),
    ("\"\u{1}\"", "The string has a control character at offset 1, which must be escaped."),
    (#""\x""#, "The string has an invalid escape at offset 1."), (#""\u12g4""#, "The string has an invalid escape at offset 1."),
    ("1 2", "Something follows the JSON text at offset 2."), ("{} x", "Something follows the JSON text at offset 3."),
    (#"{"a":1,"a":2}"#, "The key \"a\" occurs twice in one JSON object."), ("{'a':1}", unexpected(0x27, 1)),
    ("\u{FEFF}1", unexpected(0xEF, 0)),
  ])
  func refuses(_ text: String, _ problem: String) {
    #expect(throws: JSONError(description: problem)) { try JSON(decoding: text) }
  }

  @Test(arguments: [[0xFF], [0xC3, 0x28], [0xED, 0xA0, 0x80], [0xF5, 0x80, 0x80, 0x80], [0xC0, 0xAF], [0xE2, 0x82]] as [[UInt8]])
  func refusesBytesThatAreNotUTF8(_ bytes: [UInt8]) {
    #expect(throws: JSONError(description: "The string at offset 1 is not valid UTF-8.")) { try JSON(decoding: [0x22] + bytes + [0x22]) }
    #expect(throws: JSONError(description: "The string at offset 1 is not valid UTF-8.")) {
      try JSON(decoding: Array("\"\\n".utf8) + bytes + [0x22])
    }
  }

  @Test(arguments: [
    (#""a\ud83dz""#, "a\u{FFFD}z"), (#""\udc00""#, "\u{FFFD}"), (#""\ud83d\ud83d\ude00""#, "\u{FFFD}😀"), (#""\ud83d\n""#, "\u{FFFD}\n"),
  ])
  func aStringWithHalfOfASurrogatePairIsNoText(_ text: String, _ shown: String) throws {
    let value = try JSON(decoding: text)
    #expect(value == .brokenString(shown) && value.stringValue == nil && value.shownString == shown)
    #expect(try JSON(decoding: "[\(text),\"a\",{\"\\ud83d\":\"b\"}]") == [value, "a", ["\u{FFFD}": "b"]])
  }

  @Test func depthIsLimited() throws {
    func nested(_ depth: Int) -> String { String(repeating: "[", count: depth) + String(repeating: "]", count: depth) }
    _ = try JSON(decoding: nested(128))
    #expect(throws: JSONError(description: "The JSON text is nested deeper than 128 levels.")) { try JSON(decoding: nested(129)) }
    #expect(throws: JSONError(description: "The JSON text is nested deeper than 128 levels.")) {
      try JSON(decoding: String(repeating: "{\"a\":", count: 10_000))
    }
  }

  @Test func numbersBeyondADoubleSurvive() throws {
    let value = try JSON(decoding: "[1e400,-1e400]")
    #expect(value == [.number(.infinity), .number(-.infinity)])
    #expect(try JSON(decoding: value.encoded()) == value)
  }

  @Test func keysThatLookAlikeAreDifferent() throws {
    let value = try JSON(decoding: "{\"\u{e9}\":1,\"e\u{301}\":2}")
    #expect(value["\u{e9}"] == 1)
    #expect(value["e\u{301}"] == 2)
  }

  @Test func duplicateKeysAreFoundInLargeObjects() {
    let members = (0..<40).map { "\"k\($0)\":0" }.joined(separator: ",")
    #expect(throws: JSONError(description: "The key \"k3\" occurs twice in one JSON object.")) {
      try JSON(decoding: "{\(members),\"k3\":1}")
    }
  }

  @Test(
    arguments: [
      (JSON.string("a\"\\/\n\r\t\u{1}\u{1f}\u{7f}"), #""a\"\\/\n\r\t\u0001\u001f\u007f""#),
      ("\u{80}\u{9b}31m\u{9f}\u{a0}\u{bf}", #""\u0080\u009b31m\u009f\#u{a0}\#u{bf}""#),
      ("a\u{85}b\u{2028}c\u{2029}d\u{2030}\u{a9}", #""a\u0085b\u2028c\u2029d\#u{2030}\#u{a9}""#), (.number(5), "5.0"),
      (.number(.nan), "null"),
      (["b": 1, "a": [nil, true]], #"{"b":1,"a":[null,true]}"#),
    ] as [(JSON, String)])
  func encodes(_ value: JSON, _ text: String) {
    #expect(String(decoding: value.encoded(), as: UTF8.self) == text)
  }

  @Test(arguments: [("5", 5), ("5.0", 5), ("0.5e1", 5), ("1.5", nil), ("1e30", nil), ("true", nil), ("\"5\"", nil)] as [(String, Int64?)])
  func wholeNumbersHaveManySpellings(_ text: String, _ value: Int64?) throws {
    #expect(try JSON(decoding: text).wholeNumber == value)
  }
}
