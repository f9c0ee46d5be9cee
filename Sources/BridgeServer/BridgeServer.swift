import Bridge
import JSON
import Logging
import MCP
import SystemSupport

/// The bridge as an MCP server.
public struct BridgeServer: Sendable {
  public let server: Server
  private let watch: ResourceWatch
  private let announcer: Announcer?

  /// - Parameters:
  ///   - version: this program's version.
  ///   - policy: the eras of the protocol that are offered.
  ///   - wake: how the client's session is woken; nil to leave it alone.
  public init(service: BridgeService, version: String, policy: ProtocolPolicy = .auto, wake: WakeSettings? = nil, logger: Logger) {
    // Its parts send notifications, and exist before the server does.
    let started = Once<Server>()
    let announcer = wake.map { settings in
      Announcer(service: service, settings: settings, logger: logger) { await started.value?.notify($0, $1) ?? false }
    }
    let resources = BridgeResources(service: service)
    let watch = ResourceWatch(resources: resources) { await started.value?.resourceUpdated($0) }
    (self.announcer, self.watch) = (announcer, watch)
    var definition = ServerDefinition(name: "cowork-code-mcp-server", version: version)
    definition.title = "Cowork-Code bridge"
    definition.instructions = Instructions.text(for: service.identity)
    definition.tools = BridgeTools(service: service, logger: logger).all
    definition.resources = resources.all
    definition.prompts = BridgePrompts(service: service).all
    if wake != nil { definition.experimental = ["claude/channel": [:]] }
    definition.subscriptionsChanged = { await watch.watch($0) }
    definition.clientReady = { await announcer?.clientIs($0.client) }
    server = Server(definition, policy: policy, executor: service.executor, logger: logger)
    started.set(server)
  }

  /// Serves one client until its input ends, its output breaks, or the task is cancelled.
  @discardableResult
  public func run(on transport: some ByteTransport) async -> ServerEnd {
    let end = await server.run(on: transport)
    await announcer?.stop()
    await watch.stop()
    return end
  }
}
