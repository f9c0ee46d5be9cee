import Testing

@testable import PostgresClient

@Suite struct ValueTests {
  @Test func identifiersAreQuoted() throws {
    #expect(try PostgresQuoting.identifier("My \"x\"") == "\"My \"\"x\"\"\"")
    #expect(try PostgresQuoting.identifier("\"\u{301}") == "\"\"\"\u{301}\"")
    #expect(throws: PostgresError.self) { try PostgresQuoting.identifier("") }
    #expect(throws: PostgresError.self) { try PostgresQuoting.identifier(String(repeating: "é", count: 32)) }
    #expect(throws: PostgresError.self) { try PostgresQuoting.identifier("a\0b") }
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
    let encoded = try EncodedParameters(["text", 42, nil, true, .textArray(["a"]), .intArray([1, 2])])
    #expect(encoded.types == [0, 20, 0, 16, 1009, 1016])
    #expect(encoded.offsets == [0, 5, nil, 8, 10, 16])
    #expect(encoded.withPointers { $0.map { $0.map { String(cString: $0) } } } == ["text", "42", nil, "t", "{\"a\"}", "{1,2}"])
    #expect(throws: PostgresError.self) { try EncodedParameters(["a\0b"]) }
  }
}
