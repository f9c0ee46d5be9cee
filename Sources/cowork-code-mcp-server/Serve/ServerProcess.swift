import Bridge
import BridgeServer
import Foundation
import MCP

/// The life of a serving process. It ends when its client closes the input, or at SIGINT or SIGTERM, within 300 ms.
struct ServerProcess {
  let service: BridgeService
  let server: BridgeServer
  let transport: StdioTransport

  func run() async {
    EndSignals.handle([SIGINT, SIGTERM]) { _ in
      Self.endSoon()
      Task { await server.server.shutdown() }
    }
    let presence = Task { await service.run() }
    _ = await server.run(on: ObservedTransport(base: transport, onEnd: Self.endSoon))
    Self.endSoon()
    presence.cancel()
    await presence.value
    await service.signOff()
  }

  /// Ends the process although something may still wait for a store that does not answer: a lease that is not given back expires.
  @Sendable private static func endSoon() {
    Thread.detachNewThread {
      Thread.sleep(forTimeInterval: 0.25)
      _exit(0)
    }
  }
}

/// Reports the end of the input.
private struct ObservedTransport<Base: ByteTransport>: ByteTransport {
  let base: Base
  let onEnd: @Sendable () -> Void

  func read() async throws -> [UInt8]? {
    guard let bytes = try await base.read() else {
      onEnd()
      return nil
    }
    return bytes
  }

  func write(_ bytes: [UInt8]) async throws { try await base.write(bytes) }
  func close() { base.close() }
}
