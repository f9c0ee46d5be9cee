import Bridge
import Testing

@Suite struct TranscriptBeginningTests {
  /// A task's event is written after the reader has seen where its transcript begins, and before it marks what was told.
  private struct GrowingSource: TranscriptSource {
    struct Mark: TranscriptMark {
      var number: Int64
      mutating func tell(_ rows: [TranscriptRow], isWhole: Bool) { number = rows.last?.number ?? number }
    }

    private static func row(_ number: Int64) -> TranscriptRow {
      TranscriptRow(number: number, time: Double(number), identity: "", entry: TranscriptEntry(.message(Message()), time: Double(number)))
    }

    func ends() async throws(BridgeError) -> TranscriptTables<Int64> { TranscriptTables(messages: 1, events: 0) }

    func edges(of start: TranscriptStart) async throws(BridgeError) -> TranscriptTables<[TranscriptRow]> {
      TranscriptTables(messages: [Self.row(1)], events: [])
    }

    func marks(upTo numbers: TranscriptTables<Int64>) async throws(BridgeError) -> TranscriptTables<Mark> {
      numbers.map { Mark(number: min($0, 1)) }
    }

    func rows(after marks: TranscriptTables<Mark>) async throws(BridgeError) -> TranscriptTables<TranscriptRows<Mark>> {
      marks.map { TranscriptRows(rows: $0.number < 1 ? [Self.row(1)] : [], isWhole: true, mark: $0) }
    }
  }

  @Test(arguments: [TranscriptStart(last: 20), TranscriptStart(since: 0), TranscriptStart()])
  func whatComesWhileATranscriptBeginsIsTold(_ start: TranscriptStart) async throws {
    let reader = TranscriptFollower(GrowingSource(), from: start)
    #expect(try await reader.next().entries.count == 2)
    #expect(try await reader.next().entries.isEmpty)
  }
}
