import Bridge
import BridgeTesting
import Foundation
import Testing

@Suite("Telling whether a process is running")
struct ProcessIdentityTests {
  private let current = ProcessIdentity.current

  @Test func thisProcessIsNotDeadAndNamesItself() {
    #expect(!current.isKnownDead && !current.scope.isEmpty && !current.start.isEmpty)
    #expect(current.pid == ProcessInfo.processInfo.processIdentifier)
    #expect(!ProcessIdentity.hostName.isEmpty && !ProcessIdentity.hostName.contains("."))
  }

  @Test func aChildThatHasEndedIsKnownToBeDead() throws {
    let child = try TestProgram("cat", [])
    let identity = ProcessIdentity(scope: current.scope, pid: child.pid, start: "")
    #expect(!identity.isKnownDead)
    #expect(child.finish() == .exited(0))
    #expect(identity.isKnownDead)
  }

  @Test func aProcessThatWasSeenRunningIsKnownToBeDeadOnceItHasEnded() throws {
    for _ in 1...100 {
      let child = try TestProgram("cat", [])
      let identity = try #require(ProcessIdentity(pid: child.pid))
      for _ in 1...2 { #expect(!identity.isKnownDead) }
      #expect(child.finish() == .exited(0))
      for _ in 1...2 { #expect(identity.isKnownDead) }
    }
  }

  @Test func aReusedPidIsADeadProcess() {
    #expect(ProcessIdentity(scope: current.scope, pid: current.pid, start: current.start + "1").isKnownDead)
  }

  @Test func aProcessWithoutAStartTimeIsJudgedByItsPid() {
    #expect(!ProcessIdentity(scope: current.scope, pid: current.pid, start: "").isKnownDead)
  }

  @Test(arguments: ["", "another boot pid:[1]"])
  func aProcessOfAnotherMachineIsNeverKnownToBeDead(scope: String) {
    #expect(!ProcessIdentity(scope: scope, pid: 999_999_999, start: "1").isKnownDead)
  }

  @Test func theEncodedTextIsReadBackAndOtherTextIsRefused() {
    #expect(ProcessIdentity(encoded: current.encoded) == current)
    for text in ["", "a|b", "a|b|c", "a|1|c|d", "|x|"] { #expect(ProcessIdentity(encoded: text) == nil, "\(text)") }
  }

  @Test func instanceIdsAreUniqueAndNameAgentAndHost() {
    let (first, second) = (Instance(agent: .code, host: "desk"), Instance(agent: .code, host: "desk"))
    #expect(first.id != second.id && first.id.hasPrefix("code@desk:\(current.pid)-"))
  }
}
