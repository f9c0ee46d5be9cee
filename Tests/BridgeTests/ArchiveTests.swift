import Bridge
import Testing

@Suite struct ArchiveTests {
  @Test(arguments: [
    ("1970-01-01", 0), ("1970-01-02T00:00:01Z", 86_401), ("2026-01-31 12:00:00", 1_769_860_800),
    ("2026-01-31T12:00:00.500Z", 1_769_860_800.5),
    ("2026-01-31 12:00:00.25+02", 1_769_853_600.25), ("2026-01-31T12:00:00-05:30", 1_769_880_600), ("2024-02-29 00:00", 1_709_164_800),
    ("1969-12-31 23:59:59", -1), ("0001-03-01", -62_130_499_200),
  ])
  func timesAreRead(_ text: String, _ seconds: Double) { #expect(ArchiveTime.seconds(of: text) == seconds) }

  @Test(arguments: [
    "", "now", "2026", "2026-02-29", "2026-13-01", "2026-01-31T", "2026-01-31T25:00:00Z", "2026-01-31 12:00:00 CET", "12:00:00",
    "2026-01-31x", "d026-01-31", "2026-01-31 12:00:00.",
  ])
  func whatIsNoTimeIsNone(_ text: String) { #expect(ArchiveTime.seconds(of: text) == nil) }

  @Test func onlyOurOwnSpellingIsCanonical() {
    #expect(ArchiveTime.isCanonical("2026-01-31T12:00:00.000Z"))
    for text in ["2026-01-31 12:00:00.000Z", "2026-01-31T12:00:00Z", "2026-02-30T12:00:00.000Z", "2026-01-31T12:00:00.0000"] {
      #expect(!ArchiveTime.isCanonical(text))
    }
  }

  @Test func whatIsNoTextHasAFormThatEveryStoreCanHold() {
    #expect(ArchivedText("plain").portable == "plain" && ArchivedText("plain").portableID == "plain")
    let blob = ArchivedText(bytes: Array("plain".utf8), isBlob: true)
    #expect(blob.portable == "plain" && blob.portableID == "X'706C61696E'" && blob.text == nil)
    #expect(ArchivedText(bytes: [0x61, 0]).portable == "X'6100'" && ArchivedText(bytes: [0xFF]).portable == "X'FF'")
    #expect(ArchivedText("X'6100'").spelledBytes == [0x61, 0])
    for text in ["X'", "X'6'", "X'6x'", "6100", "X'+1'x"] { #expect(ArchivedText(text).spelledBytes == nil) }
  }

  /// Canonically equivalent texts are different bytes.
  @Test func textsAreComparedByteForByte() {
    #expect(ArchivedText("e\u{301}") != ArchivedText("\u{E9}"))
    func message(_ content: ArchivedText?) -> ArchivedMessage {
      var message = ArchivedMessage()
      message.content = content
      return message
    }
    #expect(!message(ArchivedText("e\u{301}")).isSame(as: message(ArchivedText("\u{E9}"))))
    #expect(!message(nil).isSame(as: message(ArchivedText(""))))
    #expect(message(ArchivedText(bytes: [0x61], isBlob: true)).isSame(as: message(ArchivedText("a"))))
  }

  @Test func derivedIDsAreUUIDsOfTheContentAndThePlace() {
    let columns = [ArchivedText("cowork"), nil, ArchivedText("x")]
    let id = DerivedID.of(columns, occurrence: 1)
    #expect(id == DerivedID.of(columns, occurrence: 1) && DerivedID.mayBe(id))
    #expect(
      Set([
        id, DerivedID.of(columns, occurrence: 2),
        DerivedID.of([ArchivedText("cowork"), ArchivedText(""), ArchivedText("x")], occurrence: 1),
      ]).count == 3)
    #expect(id.portable.wholeMatch(of: /[0-9a-f]{8}-[0-9a-f]{4}-8[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}/) != nil)
  }

  @Test func aDigestTellsNothingFromEmptyAndOneFieldFromTwo() {
    func digest(_ values: String?...) -> String {
      var digest = ArchiveDigest()
      for value in values { digest.add(value) }
      return digest.description
    }
    #expect(Set([digest(), digest(nil), digest(""), digest("ab"), digest("a", "b"), digest("b", "a")]).count == 6)
    #expect(digest().count == 32)
  }

  @Test func aPlanAddsWhatIsMissingAndChangesWhatIsBehind() {
    func message(_ id: String, _ content: String = "x", read: Int = 0) -> ArchivedMessage {
      var message = ArchivedMessage()
      (message.id, message.content, message.read) = (ArchivedText(id), ArchivedText(content), read)
      return message
    }
    let present = [message("same"), message("behind"), message("different", "mine"), message("ahead", read: 1)]
    let stored = present.enumerated().map { StoredRecord(row: Int64($0.offset), record: $0.element, hasID: true) }
    let plan = ArchivePlan(
      [
        message("missing", read: 1), message("missing"), message("same"), message("behind", read: 1),
        message("different", "theirs", read: 1), message("ahead"),
      ], present: Dictionary(uniqueKeysWithValues: stored.map { ($0.record.key, $0) }))
    #expect(plan.missing == [message("missing", read: 1)])
    #expect(plan.changes.map(\.record) == [message("behind", read: 1)])
    #expect(plan.changes.map(\.row) == [1] && plan.changes.allSatisfy(\.changesState) && !plan.isNews)
  }

  @Test func aFieldSetsThePropertyThatItGets() {
    func check<Record: FieldedRecord & Equatable>(_ type: Record.Type) {
      #expect(Set(type.fields.map(\.name)).count == type.fields.count && Set(type.fields.map(\.column)).count == type.fields.count)
      for field in type.fields {
        let value: FieldValue =
          switch field.kind {
          case .id, .exact: .exact(ArchivedText("x"))
          case .text, .time, .deadline: .text("x")
          case .number: .number(1)
          case .flag: .flag(true)
          }
        var record = Record()
        field.set(value, in: &record)
        #expect(field.value(in: record) == value && record != Record(), "\(type).\(field.name)")
        for other in type.fields where other.name != field.name {
          #expect(other.value(in: record) == other.value(in: Record()), "\(type).\(field.name) sets \(other.name)")
        }
      }
    }
    check(ArchivedMessage.self)
    check(ArchivedTask.self)
    check(ArchivedEvent.self)
    check(ArchivedAgent.self)
    check(Message.self)
    check(BridgeTask.self)
    check(TaskEvent.self)
  }
}
