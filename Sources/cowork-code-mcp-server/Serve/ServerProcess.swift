import Bridge
import BridgeServer
import Foundation
import Logging
import MCP
import ServiceLifecycle

/// The life of a serving process: it ends when its client closes the input or when SIGINT or SIGTERM comes, within 300 ms.
struct ServerProcess {
  let service: BridgeService
  let server: BridgeServer
  let transport: StdioTransport
  let logger: Logger

  func run() async throws {
    let group = ServiceGroup(
      configuration: ServiceGroupConfiguration(
        services: [
          .init(
            service: ClientConnection(server: server, transport: transport), successTerminationBehavior: .gracefullyShutdownGroup,
            failureTerminationBehavior: .gracefullyShutdownGroup),
          .init(service: Presence(service: service), successTerminationBehavior: .ignore),
        ], gracefulShutdownSignals: [.sigint, .sigterm], logger: quiet))
    try await group.run()
    await service.close()
  }

  /// The lifecycle's own news is for debugging.
  private var quiet: Logger {
    var logger = logger
    if logger.logLevel >= .info { logger.logLevel = .error }
    return logger
  }
}

/// Serves the client.
private struct ClientConnection: Service {
  let server: BridgeServer
  let transport: StdioTransport

  func run() async throws {
    await withGracefulShutdownHandler {
      _ = await server.run(on: ObservedTransport(base: transport, onEnd: LastMoment.arm))
    } onGracefulShutdown: {
      LastMoment.arm()
      Task { await server.server.shutdown() }
    }
    LastMoment.arm()
  }
}

/// Shows that the agent is there, and signs it off at the end.
private struct Presence: Service {
  let service: BridgeService

  func run() async throws {
    await cancelWhenGracefulShutdown { await service.run() }
    await service.signOff()
  }
}

/// The process ends soon after its connection has, whatever still waits for a store that does not answer: a lease that was not given back
/// expires by itself.
private enum LastMoment {
  @Sendable static func arm() {
    Thread.detachNewThread {
      Thread.sleep(forTimeInterval: 0.25)
      _exit(0)
    }
  }
}

/// Tells when the input has ended.
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
