import Testing

@testable import PostgresClient

@Suite struct CommandScheduleTests {
  @Test func commandsRunInOrderOneAtATime() {
    var schedule = CommandSchedule()
    #expect(schedule.enqueue(1, .single) == .send(1))
    #expect(schedule.enqueue(2, .single) == .none)
    #expect(schedule.enqueue(3, .single) == .none)
    #expect(schedule.finished(succeeded: true) == .send(2))
    #expect(schedule.finished(succeeded: false) == .send(3))
    #expect(schedule.finished(succeeded: true) == .none)
  }

  @Test func othersWaitForTheTransactionToEnd() {
    var schedule = CommandSchedule()
    #expect(schedule.enqueue(1, .begins(transaction: 7)) == .send(1))
    #expect(schedule.enqueue(2, .single) == .none)
    #expect(schedule.finished(succeeded: true) == .none)
    #expect(schedule.enqueue(3, .inside(transaction: 7)) == .send(3))
    #expect(schedule.enqueue(4, .ends(transaction: 7, commits: true)) == .none)
    #expect(schedule.finished(succeeded: true) == .send(4))
    #expect(schedule.finished(succeeded: true) == .send(2))
    #expect(schedule.enqueue(5, .inside(transaction: 7)) == .refuse(5, .transactionEnded))
  }

  @Test func aRefusedBeginLetsOthersRun() {
    var schedule = CommandSchedule()
    _ = schedule.enqueue(1, .begins(transaction: 7))
    _ = schedule.enqueue(2, .single)
    #expect(schedule.finished(succeeded: false) == .send(2))
  }

  @Test func aWaitingCommandIsStoppedWithoutTheServer() {
    var schedule = CommandSchedule()
    _ = schedule.enqueue(1, .single)
    _ = schedule.enqueue(2, .single)
    #expect(schedule.stop(2, .cancelled) == .refuse(2, .stopped(.cancelled)))
    #expect(schedule.finished(succeeded: true) == .none)
  }

  @Test func theNextCommandWaitsForTheCancelRequest() {
    var schedule = CommandSchedule()
    _ = schedule.enqueue(1, .single)
    _ = schedule.enqueue(2, .single)
    #expect(schedule.stop(1, .timedOut) == .cancelOnServer(1))
    #expect(schedule.stop(1, .cancelled) == .none)
    #expect(schedule.stopReason == .timedOut)
    #expect(schedule.finished(succeeded: false) == .none)
    #expect(schedule.isWaitingForServer)
    #expect(schedule.cancelRequestReturned() == .send(2))
  }

  @Test func aCancelRequestThatReturnsFirstHoldsNothingUp() {
    var schedule = CommandSchedule()
    _ = schedule.enqueue(1, .single)
    _ = schedule.enqueue(2, .single)
    _ = schedule.stop(1, .cancelled)
    #expect(schedule.cancelRequestReturned() == .none)
    #expect(schedule.finished(succeeded: false) == .send(2))
  }

  @Test func closingTellsWhatWasSentAndWhatNot() {
    var schedule = CommandSchedule()
    _ = schedule.enqueue(1, .single)
    _ = schedule.enqueue(2, .single)
    let (running, queued) = schedule.close()
    #expect(running == 1)
    #expect(queued == [2])
    #expect(schedule.enqueue(3, .single) == .refuse(3, .connectionClosed))
    #expect(schedule.stop(1, .cancelled) == .none)
  }

  @Test func theFirstErrorOfACommandWins() {
    func report(_ state: String) -> PostgresError.ServerReport {
      .init(sqlState: SQLState(state), message: "m", hint: nil, detail: nil, constraint: nil)
    }
    var collector = ResultCollector()
    collector.add(report("23505"))
    collector.add(report("25P02"))
    #expect(throws: PostgresError.self) { try collector.outcome(of: .single, stop: nil).get() }
    #expect(collector.report?.sqlState == .uniqueViolation)
    var cancelled = ResultCollector()
    cancelled.add(report("57014"))
    let timedOut = #expect(throws: PostgresError.self) { try cancelled.outcome(of: .single, stop: .timedOut).get() }
    #expect(timedOut?.code == .timeout)
    let refused = #expect(throws: PostgresError.self) { try cancelled.outcome(of: .single, stop: nil).get() }
    #expect(refused?.code == .server)
    // A wait for a standby that is cancelled ends in success.
    let succeeded = ResultCollector()
    for role in [CommandSchedule.Role.single, .ends(transaction: 1, commits: true)] {
      let error = #expect(throws: PostgresError.self) { try succeeded.outcome(of: role, stop: .timedOut).get() }
      #expect(error?.code == .unknownOutcome && error?.outcomeIsUnknown == true)
    }
    #expect(throws: Never.self) { try succeeded.outcome(of: .inside(transaction: 1), stop: .timedOut).get() }
    #expect(throws: Never.self) { try succeeded.outcome(of: .single, stop: .cancelled).get() }
  }
}
