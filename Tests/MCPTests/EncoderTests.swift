import JSON
import Testing

@testable import MCP

@Suite struct EncoderTests {
  private func encoder(_ revision: Revision) -> ResultEncoder {
    ResultEncoder(revision: revision, definition: .sample)
  }

  private func output(_ text: String) -> JSON { Text.schema.encode(Text(text: text)) }

  @Test(arguments: Revision.served)
  func aFieldIsWrittenOnlyToRevisionsThatKnowIt(_ revision: Revision) {
    let object = revision.object([
      WireField("always", 1), WireField("new", 1, since: .june2025), WireField("old", 1, until: .june2025),
      WireField("nothing", JSON?.none),
    ])
    let expected = ["always"] + (revision >= .june2025 ? ["new"] : []) + (revision <= .june2025 ? ["old"] : [])
    #expect(object.keys == expected)
  }

  @Test func aLaterRevisionInheritsWhatNoneHasEnded() throws {
    let later = Revision("2099-01-01", .perRequest)
    let message = MessageEncoder.response(.integer(1), encoder(later).toolOutput(output("a")))
    let known = MessageEncoder.response(.integer(1), encoder(.july2026).toolOutput(output("a")))
    #expect(message == known)
    #expect(try JSON(decoding: message)["jsonrpc"] == "2.0")
    let ended = encoder(later).initialize().keys
    #expect(ended == ["resultType", "capabilities", "instructions", "_meta"])
  }

  @Test(arguments: [
    (Revision.november2024, ["name", "description", "inputSchema"]),
    (.march2025, ["name", "description", "inputSchema", "annotations"]),
    (.june2025, ["name", "title", "description", "inputSchema", "outputSchema", "annotations", "_meta"]),
    (.november2025, ["name", "title", "description", "inputSchema", "outputSchema", "annotations", "_meta"]),
    (.july2026, ["name", "title", "description", "inputSchema", "outputSchema", "annotations", "_meta"]),
  ])
  func toolsShowWhatTheRevisionKnows(_ revision: Revision, _ fields: [String]) {
    #expect(encoder(revision).list(.listTools)["tools"]?.arrayValue?.first?.objectValue?.keys == fields)
  }

  @Test(arguments: [
    (Revision.november2024, ["name", "version"], ["tools", "resources", "prompts", "experimental"]),
    (.march2025, ["name", "version"], ["tools", "resources", "prompts", "completions", "experimental"]),
    (.june2025, ["name", "version", "title"], ["tools", "resources", "prompts", "completions", "experimental"]),
    (.november2025, ["name", "version", "title", "description"], ["tools", "resources", "prompts", "completions", "experimental"]),
  ])
  func initializeShowsWhatTheRevisionKnows(_ revision: Revision, _ info: [String], _ capabilities: [String]) throws {
    let result = encoder(revision).initialize()
    #expect(result.keys == ["protocolVersion", "capabilities", "serverInfo", "instructions"])
    #expect(result["protocolVersion"] == .string(revision.date))
    #expect(result["serverInfo"]?.objectValue?.keys == info)
    #expect(result["capabilities"]?.objectValue?.keys == capabilities)
  }

  @Test func discoverNamesOnlyThePerRequestRevision() throws {
    let result = encoder(.july2026).discover()
    #expect(
      result.keys == ["resultType", "supportedVersions", "capabilities", "instructions", "ttlMs", "cacheScope", "_meta"])
    #expect(result["supportedVersions"] == ["2026-07-28"])
    #expect(result["capabilities"]?.objectValue?.keys == ["tools", "resources", "prompts", "completions"])
    #expect(result["_meta"]?["io.modelcontextprotocol/serverInfo"]?["name"] == "sample")
  }

  @Test(arguments: [
    (Revision.november2024, ["content"]), (.march2025, ["content"]), (.june2025, ["content", "structuredContent"]),
    (.november2025, ["content", "structuredContent"]), (.july2026, ["resultType", "content", "structuredContent", "_meta"]),
  ])
  func aToolsOutputIsAlwaysTextAndStructuredWhereKnown(_ revision: Revision, _ fields: [String]) throws {
    let result = encoder(revision).toolOutput(output("a \"b\"\u{2028}\n"))
    #expect(result.keys == fields)
    let block = try #require(result["content"]?.arrayValue?.first)
    #expect(block["type"] == "text")
    #expect(try JSON(decoding: block["text"]?.stringValue ?? "") == ["text": "a \"b\"\u{2028}\n"])
    if let structured = result["structuredContent"] { #expect(structured == ["text": "a \"b\"\u{2028}\n"]) }
  }

  @Test(arguments: Revision.served)
  func onlyCacheableResultsSayHowLongTheyLast(_ revision: Revision) throws {
    let isPerRequest = revision.era == .perRequest
    #expect((encoder(revision).list(.listTools)["ttlMs"] != nil) == isPerRequest)
    #expect((encoder(revision).contents("a:b", nil, "")["cacheScope"] == "private") == isPerRequest)
    #expect(encoder(revision).completion([])["ttlMs"] == nil)
    #expect(encoder(revision).toolFailure("x")["ttlMs"] == nil)
  }

  @Test(arguments: Revision.served)
  func promptArgumentsHaveTitlesWhereKnown(_ revision: Revision) throws {
    let first = encoder(revision).list(.listPrompts)["prompts"]?.arrayValue?.first?["arguments"]?.arrayValue?.first
    let expected = revision >= .june2025 ? ["name", "title", "description", "required"] : ["name", "description", "required"]
    #expect(first?.objectValue?.keys == expected)
  }

  @Test(arguments: Revision.served)
  func theCodeOfAResourceThatIsNotFoundBelongsToTheEra(_ revision: Revision) {
    #expect(revision.resourceNotFoundCode.rawValue == (revision == .july2026 ? -32602 : -32002))
  }

  @Test func completionGivesAHundredValuesAtMost() throws {
    let result = encoder(.june2025).completion((0..<101).map(String.init))["completion"]
    #expect(result?["values"]?.arrayValue?.count == 100)
    #expect(result?["total"] == 101)
    #expect(result?["hasMore"] == true)
  }

  @Test func anErrorWithoutAReadableIdHasNone() throws {
    let message = try JSON(decoding: MessageEncoder.failure(nil, RPCError(.parseError, "x")))
    #expect(message == ["jsonrpc": "2.0", "error": ["code": -32700, "message": "x"]])
  }
}
