import Testing

@testable import SQLiteStore

@Suite("When to look, and for what")
struct WakeValueTests {
  private let start = ContinuousClock.now

  /// The milliseconds from one check to the next, with the schedule carried out to its end.
  private func checks(_ schedule: inout CheckSchedule, from start: ContinuousClock.Instant) -> [Int] {
    var (now, checks) = (start, [Int]())
    while let next = schedule.next {
      expect(false, &schedule, at: next - .nanoseconds(1))
      checks.append(Int((next - now) / .milliseconds(1)))
      now = next
      expect(true, &schedule, at: now)
    }
    return checks
  }

  private func expect(
    _ due: Bool, _ schedule: inout CheckSchedule, at time: ContinuousClock.Instant, location: SourceLocation = #_sourceLocation
  ) {
    let isDue = schedule.isDue(at: time)
    #expect(isDue == due, sourceLocation: location)
  }

  @Test func nothingIsDueBeforeAnEvent() {
    var schedule = CheckSchedule()
    #expect(schedule.next == nil)
    expect(false, &schedule, at: start + .seconds(1_000))
  }

  @Test func anEventIsFollowedByChecksFromOneMillisecondOn() {
    var schedule = CheckSchedule()
    schedule.restart(at: start)
    #expect(checks(&schedule, from: start) == [1, 2, 4, 8, 16, 32, 64])
    expect(false, &schedule, at: start + .seconds(1_000))
  }

  @Test func aLateCheckIsDueAtOnceAndTheNextIsCountedFromIt() {
    var schedule = CheckSchedule()
    schedule.restart(at: start)
    expect(true, &schedule, at: start + .milliseconds(9))
    #expect(schedule.next == start + .milliseconds(11))
  }

  @Test func anotherEventRestartsTheSchedule() {
    var schedule = CheckSchedule()
    schedule.restart(at: start)
    for now in [1, 3, 7] { expect(true, &schedule, at: start + .milliseconds(now)) }
    schedule.restart(at: start + .milliseconds(8))
    #expect(checks(&schedule, from: start + .milliseconds(8)) == [1, 2, 4, 8, 16, 32, 64])
  }

  @Test func eventsThatFollowOneAnotherDoNotPutOffACheck() {
    var schedule = CheckSchedule()
    for microseconds in stride(from: 0, through: 900, by: 100) { schedule.restart(at: start + .microseconds(microseconds)) }
    #expect(schedule.next == start + .milliseconds(1))
  }

  @Test(
    "files of the database and the doorbell are told apart from others",
    arguments: [
      ("m.db", false, WakeLayers.folder), ("m.db", true, .folder), ("m.db-wal", false, .folder), ("m.db-wal", true, .folder),
      ("m.db-journal", false, []), ("m.db-journal", true, .folder), ("m.db-doorbell", false, .doorbell), ("m.db-doorbell", true, []),
      ("m.db-shm", false, []), ("other.db", false, []), ("m.db2", false, []), ("m.db-wal2", false, []), ("", false, []),
    ] as [(String, Bool, WakeLayers)])
  func events(file: String, removed: Bool, layer: WakeLayers) {
    #expect(WakeLayers.ofEvent(of: file, removed: removed, database: "m.db") == layer)
  }
}
