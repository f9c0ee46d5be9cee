import ProcessTesting
import SystemSupport

/// A port of 127.0.0.1 that does not even answer an attempt to connect: as many connections wait there as may, and none is accepted.
public final class DeadAddress: Sendable {
  public let port: UInt16
  private let listener: FileDescriptor
  private let waiting: [FileDescriptor]

  public init() throws {
    (listener, port) = try FileDescriptor.listen(on: 0, backlog: 0)
    var waiting: [FileDescriptor] = []
    // The last one is not answered any more.
    repeat { waiting.append(try .beginConnecting(to: port)) } while waiting[waiting.count - 1].isConnected(within: .milliseconds(200))
    self.waiting = waiting
  }

  public func close() {
    for socket in waiting + [listener] { try? socket.close() }
  }
}

extension FileDescriptor {
  fileprivate func isConnected(within limit: Duration) -> Bool {
    var poll = PollSet()
    poll.add(self, .writable)
    return poll.wait(for: limit)
  }
}
