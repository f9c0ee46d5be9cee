import Testing

@testable import JSON

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
    ("", JSONError.unexpectedEnd), ("{", .unexpectedEnd), ("\"a", .unexpectedEnd), ("[1,]", .unexpectedByte(0x5D, offset: 3)),
    ("{\"a\":1,}", .unexpectedByte(0x7D, offset: 7)), ("nul", .unexpectedEnd), ("NaN", .unexpectedByte(0x4E, offset: 0)),
    ("01", .invalidNumber(offset: 0)), ("1.", .invalidNumber(offset: 0)), ("-", .invalidNumber(offset: 0)),
    ("1e", .invalidNumber(offset: 0)),
    ("\"\u{1}\"", .controlCharacter(offset: 1)), (#""\x""#, .invalidEscape(offset: 1)), (#""\u12g4""#, .invalidEscape(offset: 1)),
    ("1 2", .trailingBytes(offset: 2)), ("{} x", .trailingBytes(offset: 3)), (#"{"a":1,"a":2}"#, .duplicateKey("a")),
    ("{'a':1}", .unexpectedByte(0x27, offset: 1)), ("\u{FEFF}1", .unexpectedByte(0xEF, offset: 0)),
  ])
  func refuses(_ text: String, _ error: JSONError) {
    #expect(throws: error) { try JSON(decoding: text) }
  }

  @Test(arguments: [[0xFF], [0xC3, 0x28], [0xED, 0xA0, 0x80], [0xF5, 0x80, 0x80, 0x80], [0xC0, 0xAF], [0xE2, 0x82]] as [[UInt8]])
  func refusesBytesThatAreNotUTF8(_ bytes: [UInt8]) {
    #expect(throws: JSONError.invalidUTF8(offset: 1)) { try JSON(decoding: [0x22] + bytes + [0x22]) }
    #expect(throws: JSONError.invalidUTF8(offset: 1)) { try JSON(decoding: Array("\"\\n".utf8) + bytes + [0x22]) }
  }

  @Test(arguments: [
    (#""a\ud83dz""#, "a\u{FFFD}z"), (#""\udc00""#, "\u{FFFD}"), (#""\ud83d\ud83d\ude00""#, "\u{FFFD}😀"), (#""\ud83d\n""#, "\u{FFFD}\n"),
  ])
  func halfOfASurrogatePairBecomesTheReplacementCharacter(_ text: String, _ value: String) throws {
    #expect(try JSON(decoding: text) == .string(value))
  }

  @Test func depthIsLimited() throws {
    func nested(_ depth: Int) -> String { String(repeating: "[", count: depth) + String(repeating: "]", count: depth) }
    _ = try JSON(decoding: nested(128))
    #expect(throws: JSONError.tooDeep(limit: 128)) { try JSON(decoding: nested(129)) }
    #expect(throws: JSONError.tooDeep(limit: 128)) { try JSON(decoding: String(repeating: "{\"a\":", count: 10_000)) }
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
    #expect(throws: JSONError.duplicateKey("k3")) { try JSON(decoding: "{\(members),\"k3\":1}") }
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
