import Foundation
import MCP
import Testing

/// Standard output carries nothing but messages (basic/transports, stdio).
@Suite struct StrayOutputTests {
  @Test func whatElseTheProcessPrintsGoesToStandardError() async throws {
    let result = try await #require(
      processExitsWith: .success, observing: [\.standardOutputContent, \.standardErrorContent]
    ) {
      let transport = try DescriptorTransport.standardStreams()
      print("printed by mistake")
      _ = "written by mistake".withCString { puts($0) }
      fflush(nil)
      try await transport.write(Array("a message".utf8))
      exit(0)
    }
    #expect(String(decoding: result.standardOutputContent, as: UTF8.self) == "a message")
    let errors = String(decoding: result.standardErrorContent, as: UTF8.self)
    #expect(errors.contains("printed by mistake") && errors.contains("written by mistake"))
  }
}
