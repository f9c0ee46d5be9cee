import JSON

/// What a server is and offers. It does not change while the server runs.
public struct ServerDefinition: Sendable {
  public var name: String
  public var version: String
  public var title: String?
  public var description: String?
  /// What a model should know about the server as a whole; clients cut it at 2,048 characters.
  public var instructions: String?
  public var tools: [Tool]
  public var resources: [Resource]
  public var resourceTemplates: [ResourceTemplate]
  public var prompts: [Prompt]
  /// Experimental capabilities, declared in the handshake era only, where ``Server/notify(_:_:)`` works: `["claude/channel": [:]]`.
  public var experimental: JSONObject
  /// Called with all URIs that anybody is subscribed to, when these change, one call after the other. A subscription is acknowledged only
  /// after this has returned, so that a change after the acknowledgement is not missed (2026-07-28 basic/patterns/subscriptions).
  public var subscriptionsChanged: (@Sendable (Set<String>) async -> Void)?
  /// Called when a client of the handshake era has said that it is ready (`notifications/initialized`): notifications may be sent from now on.
  public var clientReady: (@Sendable (Session) async -> Void)?

  public init(
    name: String, version: String, title: String? = nil, description: String? = nil, instructions: String? = nil, tools: [Tool] = [],
    resources: [Resource] = [], resourceTemplates: [ResourceTemplate] = [], prompts: [Prompt] = [], experimental: JSONObject = [:],
    subscriptionsChanged: (@Sendable (Set<String>) async -> Void)? = nil, clientReady: (@Sendable (Session) async -> Void)? = nil
  ) {
    self.name = name
    self.version = version
    self.title = title
    self.description = description
    self.instructions = instructions
    self.tools = tools
    self.resources = resources
    self.resourceTemplates = resourceTemplates
    self.prompts = prompts
    self.experimental = experimental
    self.subscriptionsChanged = subscriptionsChanged
    self.clientReady = clientReady
  }
}
