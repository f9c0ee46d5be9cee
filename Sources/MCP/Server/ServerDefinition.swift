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
  /// How long clients of the per-request era may keep what `server/discover` and the lists say.
  public var listCaching: Caching
  /// The same for the contents of resources.
  public var contentCaching: Caching
  /// Called with all URIs that anybody is subscribed to, when these change, one call after the other. A subscription is acknowledged only
  /// after this has returned, so that a change after the acknowledgement is not missed (2026-07-28 basic/patterns/subscriptions).
  public var subscriptionsChanged: (@Sendable (Set<String>) async -> Void)?
  /// Called when a client of the handshake era has said that it is ready (`notifications/initialized`): notifications may be sent from now on.
  public var clientReady: (@Sendable (Session) async -> Void)?

  public init(
    name: String, version: String, title: String? = nil, description: String? = nil, instructions: String? = nil, tools: [Tool] = [],
    resources: [Resource] = [], resourceTemplates: [ResourceTemplate] = [], prompts: [Prompt] = [], experimental: JSONObject = [:],
    listCaching: Caching = Caching(), contentCaching: Caching = Caching(),
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
    self.listCaching = listCaching
    self.contentCaching = contentCaching
    self.subscriptionsChanged = subscriptionsChanged
    self.clientReady = clientReady
  }
}

/// How long a result may be kept, and for whom (2026-07-28 server/utilities/caching).
public struct Caching: Hashable, Sendable {
  public enum Scope: String, Sendable { case `public`, `private` }

  /// Milliseconds; 0 means that it is out of date at once.
  public var milliseconds: Int
  public var scope: Scope

  public init(milliseconds: Int = 0, scope: Scope = .private) {
    self.milliseconds = max(0, milliseconds)
    self.scope = scope
  }
}
