import Bridge
import BridgeTesting
import Foundation
import Testing

@Suite("Telling whether a process is running")
struct ProcessIdentityTests {
  private let current = ProcessIdentity.current

  @Test("this process is not dead, and names itself")
  func own() {
    #expect(!current.isKnownDead && !current.scope.isEmpty && !current.start.isEmpty)
    #expect(current.pid == ProcessInfo.processInfo.processIdentifier)
    #expect(!ProcessIdentity.hostName.isEmpty && !ProcessIdentity.hostName.contains("."))
  }

  @Test("a child that has ended is known to be dead")
  func child() throws {
    let child = try ChildProcess("cat", [])
    let identity = ProcessIdentity(scope: current.scope, pid: child.pid, start: "")
    #expect(!identity.isKnownDead)
    #expect(child.finish().status == 0)
    #expect(identity.isKnownDead)
  }

  @Test("a number that another process uses by now is a dead process")
  func reused() { #expect(ProcessIdentity(scope: current.scope, pid: current.pid, start: current.start + "1").isKnownDead) }

  @Test("a process without a known start is judged by its number alone")
  func unknownStart() { #expect(!ProcessIdentity(scope: current.scope, pid: current.pid, start: "").isKnownDead) }

  @Test("a process of another machine, or of an unknown one, is never judged", arguments: ["", "another boot pid:[1]"])
  func otherScope(scope: String) {
    #expect(!ProcessIdentity(scope: scope, pid: 999_999_999, start: "1").isKnownDead)
  }

  @Test("its text can be read back, and other texts are refused")
  func encoding() {
    #expect(ProcessIdentity(encoded: current.encoded) == current)
    for text in ["", "a|b", "a|b|c", "a|1|c|d", "|x|"] { #expect(ProcessIdentity(encoded: text) == nil, "\(text)") }
  }

  @Test("instances have names of their own that say who and where")
  func instances() {
    let (first, second) = (Instance(agent: .code, host: "desk"), Instance(agent: .code, host: "desk"))
    #expect(first.id != second.id && first.id.hasPrefix("code@desk:\(current.pid)-"))
  }
}
