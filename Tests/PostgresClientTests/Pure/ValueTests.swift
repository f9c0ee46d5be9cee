import Testing

@testable import PostgresClient

@Suite struct ValueTests {
  @Test func identifiersAndLiteralsAreQuoted() throws {
    #expect(try PostgresQuoting.identifier("My \"x\"") == "\"My \"\"x\"\"\"")
    #expect(try PostgresQuoting.literal("it's") == "'it''s'")
    #expect(try PostgresQuoting.literal("a\\'b") == " E'a\\\\''b'")
    #expect(throws: PostgresError.self) { try PostgresQuoting.identifier("") }
    #expect(throws: PostgresError.self) { try PostgresQuoting.identifier(String(repeating: "é", count: 32)) }
    #expect(throws: PostgresError.self) { try PostgresQuoting.literal("a\0b") }
  }

  @Test(arguments: [[], ["a"], ["", "NULL", "null"], ["a,b", "{x}", "\"q\"", "\\", "é🎉", " "]])
  func textArraysSurvive(_ values: [String]) {
    #expect(ArrayText.decode(ArrayText.encode(values).utf8) == values)
  }

  @Test func arraysWithNullsAndNestedOnes() {
    #expect(ArrayText.decode("{1,NULL,3}".utf8) == ["1", nil, "3"])
    for broken in ["", "{", "{1", "{{1},{2}}", "[0:1]={1,2}", "{1}x", "{,}", "{\"a}"] { #expect(ArrayText.decode(broken.utf8) == nil) }
  }

  @Test func parametersAreEncoded() throws {
    let encoded = try EncodedParameters(["text", 42, nil, true, .bytes([0, 1]), .textArray(["a"]), .intArray([1, 2])])
    #expect(encoded.types == [0, 20, 0, 16, 17, 1009, 1016])
    #expect(encoded.formats == [0, 0, 0, 0, 1, 0, 0])
    #expect(encoded.lengths[4] == 2)
    #expect(encoded.offsets[2] == nil)
    #expect(throws: PostgresError.self) { try EncodedParameters(["a\0b"]) }
  }
}
