import Bridge
import Logging
import MCP

/// The bridge as an MCP server.
public struct BridgeServer: Sendable {
  public let server: Server
  private let watch: ResourceWatch

  /// - Parameters:
  ///   - version: of this program.
  ///   - policy: which eras of the protocol are offered.
  public init(service: BridgeService, version: String, policy: ProtocolPolicy = .auto, logger: Logger) {
    let resources = BridgeResources(service: service)
    let watch = ResourceWatch(resources: resources)
    self.watch = watch
    server = Server(
      ServerDefinition(
        name: "cowork-code-mcp-server", version: version, title: "Cowork-Code bridge",
        instructions: Instructions.text(for: service.identity),
        tools: BridgeTools(service: service, logger: logger).all, resources: resources.all, resourceTemplates: resources.templates,
        prompts: BridgePrompts(service: service).all, subscriptionsChanged: { await watch.watch($0) }),
      policy: policy, logger: logger)
  }

  /// Serves one client until its input ends, its output breaks, or the task is cancelled.
  @discardableResult
  public func run(on transport: some ByteTransport) async -> ServerEnd {
    await watch.tell { [server] in await server.resourceUpdated($0) }
    let end = await server.run(on: transport)
    await watch.stop()
    return end
  }
}
