import Testing

@testable import SQLiteStore

@Suite("When to look, and for what")
struct WakeValueTests {
  private func expect(_ due: Bool, _ schedule: inout CheckSchedule, at time: UInt64, location: SourceLocation = #_sourceLocation) {
    let isDue = schedule.isDue(at: time)
    #expect(isDue == due, sourceLocation: location)
  }

  @Test func nothingIsDueBeforeAnEvent() {
    var schedule = CheckSchedule()
    #expect(schedule.wait(at: 1_000) == nil)
    expect(false, &schedule, at: .max)
  }

  @Test func anEventIsFollowedByChecksFrom50MicrosecondsTo50Milliseconds() {
    var schedule = CheckSchedule()
    var (now, checks) = (UInt64(1_000_000), [UInt64]())
    schedule.restart(at: now)
    while let wait = schedule.wait(at: now) {
      expect(false, &schedule, at: now + wait - 1)
      now += wait
      checks.append(wait)
      expect(true, &schedule, at: now)
    }
    #expect(checks == [50_000, 200_000, 500_000, 1_000_000, 2_000_000, 5_000_000, 10_000_000, 20_000_000, 50_000_000])
    expect(false, &schedule, at: .max)
  }

  @Test func aLateCheckIsDueAtOnceAndTheNextIsCountedFromIt() {
    var schedule = CheckSchedule()
    schedule.restart(at: 0)
    #expect(schedule.wait(at: 9_000_000) == 0)
    expect(true, &schedule, at: 9_000_000)
    #expect(schedule.wait(at: 9_000_000) == 200_000)
  }

  @Test func anotherEventRestartsTheSchedule() {
    var schedule = CheckSchedule()
    schedule.restart(at: 0)
    for now in [50_000, 250_000, 750_000] as [UInt64] { expect(true, &schedule, at: now) }
    schedule.restart(at: 800_000)
    #expect(schedule.wait(at: 800_000) == 50_000)
  }

  @Test func eventsDuringPlannedChecksRestartFromTheSecond() {
    var schedule = CheckSchedule()
    #expect(!schedule.isRunning)
    schedule.restart(at: 0)
    #expect(schedule.isRunning)
    expect(true, &schedule, at: 50_000)
    var (now, checks) = (UInt64(60_000), [UInt64]())
    schedule.prolong(at: now)
    while let wait = schedule.wait(at: now) {
      now += wait
      checks.append(wait)
      expect(true, &schedule, at: now)
    }
    #expect(checks == Array(CheckSchedule.delays.dropFirst()))
    #expect(!schedule.isRunning)
  }

  @Test(
    "files of the database and the doorbell are told apart from others",
    arguments: [
      ("m.db", false, FolderEvents.database), ("m.db", true, .database), ("m.db-wal", false, .database), ("m.db-wal", true, .database),
      ("m.db-journal", false, []), ("m.db-journal", true, .database), ("m.db-doorbell", false, .doorbell), ("m.db-doorbell", true, []),
      ("m.db-shm", false, []), ("other.db", false, []), ("m.db2", false, []), ("m.db-wal2", false, []), ("", false, []),
    ] as [(String, Bool, FolderEvents)])
  func events(file: String, removed: Bool, meaning: FolderEvents) {
    #expect(FolderEvents.of(file: file, removed: removed, database: "m.db") == meaning)
  }
}
