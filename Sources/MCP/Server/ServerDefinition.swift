import JSON

/// What a server is and offers. It does not change while the server runs.
public struct ServerDefinition: Sendable {
  public let name: String
  public let version: String
  public var title: String?
  public var description: String?
  /// What a model should know about the server as a whole; clients cut it at 2,048 characters.
  public var instructions: String?
  public var tools: [Tool] = []
  /// Those of templates too.
  public var resources: [Resource] = []
  public var prompts: [Prompt] = []
  /// Experimental capabilities, declared in the handshake era only, where ``Server/notify(_:_:)`` works: `["claude/channel": [:]]`.
  public var experimental: JSONObject = [:]
  /// Called with all URIs that anybody is subscribed to, when these change, one call after the other. A subscription is acknowledged only
  /// after this has returned, so that a change after the acknowledgement is not missed (2026-07-28 basic/patterns/subscriptions).
  public var subscriptionsChanged: (@Sendable (Set<String>) async -> Void)?
  /// Called when a client of the handshake era has said that it is ready (`notifications/initialized`): notifications may be sent from now on.
  public var clientReady: (@Sendable (Session) async -> Void)?
  /// Called when the input has ended: calls that only wait should return.
  public var inputEnded: (@Sendable () -> Void)?

  public init(name: String, version: String) {
    self.name = name
    self.version = version
  }
}

/// What bounds a server's memory and its end.
public struct ServerLimits: Hashable, Sendable {
  /// A longer line (bytes, without its end) is answered with an error and not kept.
  public var lineBytes = 4 << 20
  /// Calls that are carried out at one time. Further ones wait in order, while cancellations, pings, lists and errors still go through.
  public var concurrentCalls = 128
  /// Calls that may wait. While there are as many, no input is read, so that not even a cancellation gets through until a call ends.
  public var waitingCalls = 256
  /// While more bytes are queued for output, no input is read, and progress and custom notifications are dropped.
  public var queuedOutputBytes = 4 << 20
  /// Messages in one batch.
  public var batchEntries = 256
  /// Open `subscriptions/listen` requests, and also the URIs that a client may be subscribed to.
  public var subscriptions = 256
  /// After the end of input: how long calls may go on before they are cancelled. Calls have time limits of their own, which are shorter.
  public var endOfInputGrace: Duration = .seconds(30)
  /// At any other end: how long the output may stand still. And how long cancelled handlers may take, before they are given up.
  public var stallGrace: Duration = .milliseconds(60)

  public init() {}
}
