import Bridge
import Testing

@Suite("Places in the transcript")
struct TranscriptPlaceTests {
  @Test(arguments: [0, 1, -1, 35, 1_000_000, .max, .min] as [Int64])
  func aPlaceIsReadFromItsText(_ number: Int64) throws {
    for place in [TranscriptPlace(messages: number, events: 7), TranscriptPlace(messages: 36, events: number)] {
      #expect(try TranscriptPlace(place.text) == place)
    }
  }

  @Test(arguments: ["", ".", "1", "1.", ".1", "1.2.3", "1,2", "01.1", "+1.1", "A.1", " 1.1", "1.1 ", "zzzzzzzzzzzzzz.1", "open-1", "١.١"])
  func anotherTextIsRefused(_ text: String) {
    #expect { try TranscriptPlace(text) } throws: { ($0 as? BridgeError)?.code == .invalidValue }
  }

  @Test func aQueryIsRefusedByTheFieldThatIsWrong() throws {
    for (query, field) in [
      (TranscriptQuery(limit: 0), "limit"), (TranscriptQuery(limit: 201), "limit"), (TranscriptQuery(start: .at("")), "at"),
      (TranscriptQuery(agent: String(repeating: "x", count: 201)), "agent"),
    ] {
      #expect { try query.validate() } throws: { ($0 as? BridgeError)?.message.hasPrefix(field) == true }
    }
    try TranscriptQuery(agent: "Mr. X", start: .at("12345678"), limit: 200).validate()
  }
}
