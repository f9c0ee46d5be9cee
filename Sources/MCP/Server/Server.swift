import JSON
import Logging
import SystemSupport

/// An MCP server for one client: it serves requests of both eras over one connection, each in its own.
///
/// The protocol is ``Connection``; the actor feeds it with what happens, and carries out the actions that it returns.
public actor Server {
  private(set) var connection: Connection
  private let definition: ServerDefinition
  private let executor: (any TaskExecutor)?
  private let logger: Logger
  private var transport: (any ByteTransport)?
  private var work: [Ticket: Task<Void, Never>] = [:]
  private var timer: Task<Void, Never>?
  private var ended: CheckedContinuation<ServerEnd, Never>?

  /// - Parameters:
  ///   - definition: names of tools and prompts, and URIs, must be unique.
  ///   - executor: where the server's tasks and its handlers run; nil for the threads of Swift concurrency. The executor of a handler that
  ///     blocks saves each call the changes of threads.
  ///   - logger: protocol detail goes to the debug level. Arguments and results are never logged.
  public init(
    _ definition: ServerDefinition, policy: ProtocolPolicy = .auto, limits: ServerLimits = ServerLimits(),
    executor: (any TaskExecutor)? = nil, logger: Logger
  ) {
    for names in [definition.tools.map(\.name), definition.prompts.map(\.name), definition.resources.map(\.uri)] {
      precondition(Set(names).count == names.count, "A server offers two things of one name: \(names).")
    }
    connection = Connection(definition, policy: policy, limits: limits, logger: logger)
    self.definition = definition
    self.executor = executor
    self.logger = logger
  }

  /// Serves the client until its input ends, its output breaks, ``shutdown()`` is called or the task is cancelled. To be called once.
  ///
  /// At the end of input, calls that finish within `endOfInputGrace` are answered; the others are cancelled. All output is written, however
  /// slowly the client reads. Then the transport is closed. When this returns, all hooks of replies have returned.
  @discardableResult
  public func run(on transport: some ByteTransport) async -> ServerEnd {
    precondition(self.transport == nil, "A server runs once.")
    self.transport = transport
    let end = await withTaskCancellationHandler {
      await withCheckedContinuation { continuation in
        ended = continuation
        handle(.opened)
      }
    } onCancel: {
      Task { await self.shutdown() }
    }
    logger.debug("the connection has ended", metadata: ["reason": "\(end)"])
    return end
  }

  /// Ends ``run(on:)``: calls are cancelled at once, replies that are finished are still written if the client takes them.
  public func shutdown() { handle(.shutDown) }

  /// Ends the connection, because nobody can read the output any more.
  public func outputBroke() { handle(.outputBroke) }

  /// A resource has changed: subscribers are told. An update that the client has not taken yet is not repeated.
  public func resourceUpdated(_ uri: String) { handle(.resourceUpdated(uri)) }

  /// Sends a notification that is not part of the protocol. Only the handshake era allows that.
  /// - Returns: whether it was queued. It is not before the handshake, and while the client is far behind with reading.
  @discardableResult
  public func notify(_ method: String, _ params: JSONObject = [:]) -> Bool {
    guard connection.acceptsNotifications else { return false }
    handle(.notified(method: method, params: params))
    return true
  }

  private func handle(_ event: Connection.Event) {
    let actions = connection.handle(event)
    // First the read, which is short: a call that blocks its thread calls another one for what waits behind it.
    for case .read in actions { read() }
    for action in actions { carryOut(action) }
  }

  private func carryOut(_ action: Connection.Action) {
    switch action {
    case .read: break
    case .write(let bytes): write(bytes)
    case .start(let ticket, let work): start(ticket, work)
    case .cancel(let ticket): work[ticket]?.cancel()
    case .callHook(let id, let hook):
      Task(executorPreference: executor) {
        await hook()
        await self.handle(.hookReturned(id))
      }
    case .tellOwner(let uris):
      Task {
        await definition.subscriptionsChanged?(uris)
        handle(.ownerTold)
      }
    case .tellReady(let session):
      Task { await definition.clientReady?(session) }
    case .startTimer(let number, let duration):
      timer?.cancel()
      timer = Task {
        guard (try? await Task.pause(for: duration)) != nil else { return }
        handle(.timerFired(number))
      }
    case .close:
      timer?.cancel()
      transport?.close()
    case .finish(let end):
      ended?.resume(returning: end)
      ended = nil
    }
  }

  private func read() {
    guard let transport else { return }
    Task(executorPreference: executor) {
      do {
        let bytes = try await transport.read()
        if bytes == nil { self.definition.inputEnded?() }
        await self.handle(bytes.map { .received($0) } ?? .inputEnded)
      } catch {
        await self.handle(.inputFailed("\(error)"))
      }
    }
  }

  private func write(_ bytes: [UInt8]) {
    guard let transport else { return }
    Task(executorPreference: executor) {
      do {
        try await transport.write(bytes)
        await self.handle(.written)
      } catch {
        await self.handle(.writeFailed("\(error)"))
      }
    }
  }

  private func start(_ ticket: Ticket, _ body: @escaping Work) {
    work[ticket] = Task(executorPreference: executor) {
      // A call that was cancelled before it began is not carried out at all.
      let outcome =
        Task.isCancelled
        ? .silence
        : await body { [weak self] report in
          switch report {
          case .progress(let progress): await self?.handle(.progressed(ticket, progress))
          case .leftTurn: await self?.handle(.leftTurn(ticket))
          }
        }
      await self.finished(ticket, outcome)
    }
  }

  private func finished(_ ticket: Ticket, _ outcome: Outcome) {
    work[ticket] = nil
    handle(.finished(ticket, outcome))
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
