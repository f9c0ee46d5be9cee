import Testing

@testable import MCP

@Suite struct FramingTests {
  private func lines(_ pieces: [[UInt8]], limit: Int = 100) -> [LineFramer.Line] {
    var framer = LineFramer(limit: limit)
    var lines: [LineFramer.Line] = []
    for piece in pieces {
      framer.append(piece)
      while let line = framer.next() { lines.append(line) }
    }
    if let rest = framer.rest() { lines.append(rest) }
    return lines
  }

  private func line(_ text: String) -> LineFramer.Line { .line(Array(text.utf8)) }

  @Test(arguments: [
    ("a\nb\n", ["a", "b"]), ("a\r\n\r\n\n \t\nb", ["a\r", "b"]), ("", []), ("\n\n", []), ("a", ["a"]),
    ("é\u{2028}\u{85}x\n", ["é\u{2028}\u{85}x"]),
  ])
  func linesEndWithANewlineAndBlankOnesAreLeftOut(_ text: String, _ expected: [String]) {
    #expect(lines([Array(text.utf8)]) == expected.map(line))
  }

  @Test func aByteOrderMarkIsPassedOverAtTheStartOnly() {
    let mark: [UInt8] = [0xEF, 0xBB, 0xBF]
    let bytes = mark + Array("a\n".utf8) + mark + Array("b\n".utf8)
    #expect(lines([bytes]) == [line("a"), .line(mark + Array("b".utf8))])
    #expect(lines(bytes.map { [$0] }) == lines([bytes]))
    #expect(lines([mark + Array("a".utf8)]) == [line("a")])
    #expect(lines([mark]) == [])
  }

  @Test func aStreamMayBeSplitAnywhere() {
    let bytes = Array("{\"é\":1}\r\n\n[2]\nthe rest".utf8)
    let whole = lines([bytes])
    for cut in 0...bytes.count {
      #expect(lines([Array(bytes[..<cut]), Array(bytes[cut...])]) == whole)
    }
    #expect(lines(bytes.map { [$0] }) == whole)
  }

  @Test func aLineOverTheLimitIsReportedOnceAndTheNextIsWhole() {
    let exact = String(repeating: "x", count: 10)
    #expect(lines([Array("\(exact)\n\(exact)x\nok\n".utf8)], limit: 10) == [line(exact), .tooLong, line("ok")])
    #expect(lines(Array("\(exact)xyz\nok\n".utf8).map { [$0] }, limit: 10) == [.tooLong, line("ok")])
    #expect(lines([Array("\(exact)xyz".utf8)], limit: 10) == [.tooLong])
  }

  @Test func anOverlongLineIsNotKept() {
    var framer = LineFramer(limit: 1000)
    var reported = 0
    for _ in 0..<100 {
      framer.append([UInt8](repeating: 0x78, count: 500))
      while framer.next() != nil { reported += 1 }
      #expect(framer.bufferedBytes <= 1000)
    }
    #expect(reported == 1)
  }
}
