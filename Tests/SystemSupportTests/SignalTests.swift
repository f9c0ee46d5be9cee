import Foundation
import Synchronization
import SystemSupport
import Testing

@Suite(.serialized, .timeLimit(.minutes(1))) struct SignalTests {
  @Test(arguments: 0..<200) func aSignalThatComesAtOnceIsHandled(_ round: Int) async throws {
    let arrived = Once<Int32>()
    try Signals.handle([SIGUSR1]) { arrived.set($0) }
    kill(getpid(), SIGUSR1)
    let number = await arrived.wait()
    #expect(number == SIGUSR1)
  }

  @Test func eachSignalHasItsHandler() async throws {
    let (first, second) = (Once<Int32>(), Once<Int32>())
    try Signals.handle([SIGUSR1]) { first.set($0) }
    try Signals.handle([SIGUSR2]) { second.set($0) }
    kill(getpid(), SIGUSR2)
    let later = await second.wait()
    #expect(later == SIGUSR2)
    #expect(first.value == nil)
    kill(getpid(), SIGUSR1)
    let earlier = await first.wait()
    #expect(earlier == SIGUSR1)
  }
}
