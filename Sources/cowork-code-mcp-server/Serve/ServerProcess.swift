import Bridge
import BridgeServer
import Foundation
import MCP
import SystemSupport

/// The life of a serving process. It ends when its client closes the input, or at SIGINT or SIGTERM, within 300 ms.
struct ServerProcess {
  let service: BridgeService
  let server: BridgeServer
  let transport: DescriptorTransport

  func run() async throws {
    try Signals.handle([SIGINT, SIGTERM]) { _ in
      Self.endSoon()
      Task { await server.server.shutdown() }
    }
    let presence = Task { await service.run() }
    _ = await server.run(on: transport)
    Self.endSoon()
    presence.cancel()
    await presence.value
    await service.signOff()
  }

  @Sendable static func endSoon() { Deadline.endProcess(after: .milliseconds(250)) }
}
