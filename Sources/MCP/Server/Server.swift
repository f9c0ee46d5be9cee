import JSON
import Logging

/// An MCP server for one client: it serves the requests of both eras that come over one connection, each in its own.
public actor Server {
  let definition: ServerDefinition
  let policy: ProtocolPolicy
  let limits: ServerLimits
  let logger: Logger
  let clock: any Clock<Duration>
  let executor: (any TaskExecutor)?

  var agreement: Session?
  var inFlight = InFlight()
  var admission: Admission
  var outbox = Outbox()
  var deliveries = DeliveryLedger<CheckedContinuation<Void, Never>>()
  var batches = Batches()
  var subscriptions = SubscriptionTable()
  var lists: [ListKey: [UInt8]] = [:]

  var tasks: [Ticket: Task<Void, Never>] = [:]
  var waitingWork: [Ticket: Work] = [:]
  var subscriptionWork: Task<Void, Never>?
  var toldURIs: Set<String> = []
  var end: ServerEnd?
  var isServing = false
  var ticketCount = 0
  var chunksWritten = 0
  var observers: [CheckedContinuation<Void, Never>] = []

  /// - Parameters:
  ///   - definition: names of tools and prompts, and URIs, must be unique.
  ///   - clock: measures the times of `limits`.
  ///   - executor: where the server's tasks and its handlers run; nil for the threads of Swift concurrency. That of a handler that blocks spares
  ///     each call changes of threads.
  ///   - logger: protocol detail goes to the debug level. Arguments and results are never logged.
  public init(
    _ definition: ServerDefinition, policy: ProtocolPolicy = .auto, limits: ServerLimits = ServerLimits(),
    clock: any Clock<Duration> = ContinuousClock(), executor: (any TaskExecutor)? = nil, logger: Logger
  ) {
    for names in [
      definition.tools.map(\.name), definition.prompts.map(\.name), definition.resources.map(\.uri),
      definition.resourceTemplates.map(\.uriTemplate),
    ] {
      precondition(Set(names).count == names.count, "A server offers two things of one name: \(names).")
    }
    self.definition = definition
    self.policy = policy
    self.limits = limits
    self.clock = clock
    self.executor = executor
    self.logger = logger
    admission = Admission(concurrent: limits.concurrentCalls, waiting: limits.waitingCalls)
  }

  /// Serves the client until its input ends, its output breaks, ``shutdown()`` is called or the task is cancelled. To be called once.
  ///
  /// At the end of input, calls that can finish within `endOfInputGrace` are answered; the others are cancelled. Output that is queued is
  /// written as long as the client takes it. Then the transport is closed, and all hooks of replies have been called and have returned.
  @discardableResult
  public func run(on transport: some ByteTransport) async -> ServerEnd {
    precondition(!isServing && end == nil, "A server runs once.")
    isServing = true
    let reader = Task(executorPreference: executor) { await self.read(from: transport) }
    let writer = Task(executorPreference: executor) { await self.write(to: transport) }
    await withTaskCancellationHandler {
      await withTaskExecutorPreference(executor) { await wait { $0.end != nil } }
    } onCancel: {
      Task { await self.shutdown() }
    }
    await finish(transport)
    await reader.value
    await writer.value
    await wait { $0.deliveries.isEmpty }
    await subscriptionWork?.value
    return end ?? .shutdown
  }

  /// Ends ``run(on:)``: calls are cancelled at once, replies that are finished are still written if the client takes them.
  public func shutdown() {
    end(.shutdown)
  }

  /// The client of the handshake, as it named itself; `nil` before that, and for clients of the per-request era.
  public var client: ClientInfo? { agreement?.client }

  /// All resources that the client is subscribed to, in either era.
  public var subscribedURIs: Set<String> { subscriptions.uris }

  /// A resource has changed: subscribers are told. Updates that the client has not taken yet are not repeated.
  public func resourceUpdated(_ uri: String) {
    sendUpdate(of: uri)
  }

  /// Sends a notification that is not part of the protocol. Only the handshake era allows that.
  /// - Returns: whether it was queued. It is not before the handshake, and while the client is far behind with reading.
  @discardableResult
  public func notify(_ method: String, _ params: JSONObject = [:]) -> Bool {
    guard let revision = agreement?.revision, end == nil, outbox.queuedBytes <= limits.queuedOutputBytes else { return false }
    send(Outbox.Part(bytes: MessageEncoder.notification(method, params, for: revision)))
    return true
  }
}

/// Why a server ended.
public enum ServerEnd: Hashable, Sendable {
  /// The client closed our standard input: the normal end.
  case endOfInput
  /// Nobody reads our output any more, or the input broke; the text says how.
  case connectionLost(String)
  /// ``Server/shutdown()`` was called, or the task was cancelled.
  case shutdown
}

/// What carries a request out, off the actor.
typealias Work = @Sendable () async -> Outcome

/// How carrying out a request ended.
enum Outcome: Sendable {
  /// A whole message.
  case reply([UInt8], DeliveryHooks?)
  /// Nothing is to be said.
  case silence
}

struct ListKey: Hashable {
  let method: Method
  let revision: Revision
}
