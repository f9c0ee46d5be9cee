import Bridge
import Logging
import NIOCore
import NIOPosix
import SystemSupport

/// What the page says of its server.
public struct WebSettings: Sendable {
  /// The agent that the page acts for; nil if it only looks.
  public var identity: Identity?
  /// Where the store is, without secrets.
  public var store: String
  public var workspace: String?
  public var version: String

  public init(identity: Identity?, store: String, workspace: String?, version: String) {
    (self.identity, self.store, self.workspace, self.version) = (identity, store, workspace, version)
  }
}

/// The page of the bridge on a port of 127.0.0.1.
public final class WebServer: Sendable {
  public let port: Int
  private let group: MultiThreadedEventLoopGroup
  private let listener: any Channel
  private let hub: NIOLoopBound<EventHub>
  private let admission: NIOLoopBound<Admission>

  /// Serves from now on.
  ///
  /// - Parameters:
  ///   - port: 0 for any that is free.
  ///   - service: acts for the agent of the settings.
  /// - Throws: `Errno` where the port cannot be had.
  public static func start(
    port: Int, secrets: Secrets, settings: WebSettings, store: any BridgeStore, service: BridgeService?, logger: Logger
  ) async throws -> WebServer {
    do {
      return try await start(
        port: port, secrets: secrets, limits: WebLimits(), settings: settings, store: store, service: service, logger: logger)
    } catch let error as IOError { throw Errno(rawValue: error.errnoCode) }
  }

  static func start(
    port: Int, secrets: Secrets, limits: WebLimits, settings: WebSettings, store: any BridgeStore, service: BridgeService?, logger: Logger
  ) async throws -> WebServer {
    let group = MultiThreadedEventLoopGroup(numberOfThreads: 1)
    do {
      return try await WebServer(
        group, port: port, secrets: secrets, limits: limits,
        api: WebAPI(store: store, service: service, settings: settings, logger: logger))
    } catch {
      try? await group.shutdownGracefully()
      throw error
    }
  }

  private init(_ group: MultiThreadedEventLoopGroup, port: Int, secrets: Secrets, limits: WebLimits, api: WebAPI) async throws {
    let loop = group.next()
    let live = Live(store: api.store, logger: api.logger) { () throws(BridgeError) in try await api.state() }
    let (hub, admission) = try await loop.submit {
      (
        NIOLoopBound(EventHub(loop: loop, live: live), eventLoop: loop), NIOLoopBound(Admission(limits), eventLoop: loop)
      )
    }.get()
    let listener = try await ServerBootstrap(group: group)
      .serverChannelOption(.backlog, value: 256)
      .serverChannelOption(.socketOption(.so_reuseaddr), value: 1)
      // Where no descriptor is left, it tries again.
      .serverChannelInitializer { channel in
        channel.eventLoop.makeCompletedFuture { try channel.pipeline.syncOperations.addHandler(AcceptBackoffHandler()) }
      }
      .childChannelOption(.allowRemoteHalfClosure, value: true)
      .childChannelOption(.maxMessagesPerRead, value: 1)
      .childChannelInitializer { channel in
        channel.eventLoop.makeCompletedFuture {
          // The port is known once it is bound, and so before any connection.
          let port = channel.localAddress?.port ?? port
          let access = Access(port: port, secrets: secrets, isReadOnly: api.settings.identity == nil)
          try admission.value.admit(channel) { isKnown in
            HTTPConnection(access: access, api: api, hub: hub.value, limits: limits, isKnown: isKnown)
          }
        }
      }
      .bind(host: "127.0.0.1", port: port).get()
    (self.group, self.listener, self.hub, self.admission) = (group, listener, hub, admission)
    self.port = listener.localAddress?.port ?? port
  }

  /// Closes all connections.
  public func stop() async {
    try? await listener.close()
    let (hub, admission) = (hub, admission)
    try? await listener.eventLoop.submit {
      hub.value.stop()
      admission.value.closeAll()
    }.get()
    try? await group.shutdownGracefully()
  }
}
