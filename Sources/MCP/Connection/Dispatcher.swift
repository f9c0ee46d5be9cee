import JSON
import Logging

/// What a request asks the connection to do.
enum Demand: Sendable {
  case answer(JSONObject)
  /// The handshake: the session agreed on, and the answer.
  case agree(Session, JSONObject)
  case carryOut(Work, inTurn: Bool = false)
  case subscribe(String)
  case unsubscribe(String)
  /// The resources to honour; `nil` where the client asked for none.
  case listen([String]?)
}

/// Decides what a request asks for, from its text and the handshake alone.
struct Dispatcher: Sendable {
  let definition: ServerDefinition
  let policy: ProtocolPolicy
  let logger: Logger

  func demand(
    of request: Incoming.Request, agreed: Session?, inBatch: Bool
  ) throws(RPCError) -> (revision: Revision, demand: Demand) {
    let kind = try Classification.of(method: request.method, params: request.params, agreed: agreed?.revision, policy: policy)
    switch kind {
    case .handshake:
      if inBatch { throw RPCError(.invalidRequest, "initialize must not be part of a batch.") }
      let session = try agree(request)
      return (session.revision, .agree(session, encoder(session).initialize()))
    case .served(let revision):
      if inBatch, !revision.hasBatches {
        throw RPCError(.invalidRequest, "Revision \(revision.date) has no batches: send the request by itself.")
      }
      guard let method = Method.named(request.method, in: revision.era, of: definition) else {
        throw RPCError(.methodNotFound, "The method \(Sentence.quote(request.method)) is unknown here.")
      }
      return (revision, try demand(method, request, session(revision, request, agreed)))
    }
  }

  private func demand(_ method: Method, _ request: Incoming.Request, _ session: Session) throws(RPCError) -> Demand {
    let encoder = encoder(session)
    switch method {
    case .initialize: throw RPCError(.methodNotFound, "There is no initialize in this era.")
    case .ping: return .answer(encoder.result())
    case .discover: return .answer(encoder.discover())
    case .listTools, .listResources, .listResourceTemplates, .listPrompts:
      // There is one page, so no cursor is valid (server/utilities/pagination, Error Handling).
      if let cursor = request.params["cursor"], cursor != .null {
        throw .invalidParams("There is no page at the cursor \(Sentence.describe(cursor)): leave the cursor out.")
      }
      return .answer(encoder.list(method))
    case .callTool: return try callTool(request, session)
    case .readResource: return .carryOut(try readResource(request, session))
    case .getPrompt: return .carryOut(try getPrompt(request, session))
    case .complete: return .carryOut(try complete(request, session))
    case .subscribe:
      let uri = try request.string("uri")
      if definition.resource(at: uri) == nil { throw .resourceNotFound(uri, session.revision) }
      return .subscribe(uri)
    case .unsubscribe: return .unsubscribe(try request.string("uri"))
    case .listen:
      return .listen(try Subscriptions.honoured(request.params) { definition.resource(at: $0) != nil })
    }
  }

  func emptyResult(for revision: Revision, subscription: RequestID? = nil) -> JSONObject {
    ResultEncoder(revision: revision, definition: definition).result(subscription: subscription)
  }

  private func agree(_ request: Incoming.Request) throws(RPCError) -> Session {
    guard let asked = request.params["protocolVersion"]?.stringValue else {
      throw .invalidParams("initialize needs a string `protocolVersion`.")
    }
    guard request.params["capabilities"]?.objectValue != nil else {
      throw .invalidParams("initialize needs an object `capabilities`.")
    }
    guard request.params["clientInfo"]?.objectValue != nil else {
      throw .invalidParams("initialize needs an object `clientInfo`.")
    }
    return Session(revision: .negotiated(asked: asked), client: ClientInfo(request.params["clientInfo"]))
  }

  private func session(_ revision: Revision, _ request: Incoming.Request, _ agreed: Session?) -> Session {
    if revision.era == .handshake { return agreed ?? Session(revision: revision, client: nil) }
    return Session(revision: revision, client: ClientInfo(request.params["_meta"]?[MetaKey.clientInfo]))
  }

  private func encoder(_ session: Session) -> ResultEncoder { ResultEncoder(revision: session.revision, definition: definition) }
}

// MARK: - Requests that handlers carry out

extension Dispatcher {
  private func callTool(_ request: Incoming.Request, _ session: Session) throws(RPCError) -> Demand {
    let name = try request.string("name")
    let arguments = try request.object("arguments")
    guard let tool = definition.tools.first(where: { $0.name == name }) else {
      throw .invalidParams("There is no tool \(Sentence.quote(name)): tools/list names them.")
    }
    let encoder = encoder(session)
    let id = request.id
    let arrival = ContinuousClock.now
    let work: Work = { [logger] report in
      do {
        let reply = try await tool.prepare(arguments)(ToolCall(client: session.client, arrival: arrival, report: report))
        return .reply(MessageEncoder.response(id, encoder.toolOutput(reply.output)), reply.hooks)
      } catch let failure as ToolFailure {
        return .reply(MessageEncoder.response(id, encoder.toolFailure(failure.message)), nil)
      } catch {
        if !Task.isCancelled { logger.error("a tool failed", metadata: ["tool": "\(name)", "error": "\(error)"]) }
        return .reply(MessageEncoder.response(id, encoder.toolFailure(Self.fault(of: name))), nil)
      }
    }
    return .carryOut(work, inTurn: tool.isInTurn)
  }

  private func getPrompt(_ request: Incoming.Request, _ session: Session) throws(RPCError) -> Work {
    let name = try request.string("name")
    let arguments = try request.object("arguments")
    let make = try definition.prompt(name).prepare(arguments)
    let encoder = encoder(session)
    return work(request) { encoder.prompt(try await make()) }
  }

  private func readResource(_ request: Incoming.Request, _ session: Session) throws(RPCError) -> Work {
    let uri = try request.string("uri")
    guard let resource = definition.resource(at: uri) else { throw .resourceNotFound(uri, session.revision) }
    let encoder = encoder(session)
    return work(request) {
      guard let contents = try await resource.read() else { throw RPCError.resourceNotFound(uri, session.revision) }
      return encoder.contents(uri, resource.mimeType, contents)
    }
  }

  private func complete(_ request: Incoming.Request, _ session: Session) throws(RPCError) -> Work {
    let completion = try CompletionRequest(request.params, definition)
    let encoder = encoder(session)
    return work(request) { encoder.completion(try await completion.provider?(completion.value, completion.arguments) ?? []) }
  }

  /// Work whose failure is a JSON-RPC error.
  private func work(_ request: Incoming.Request, _ result: @escaping @Sendable () async throws -> JSONObject) -> Work {
    let id = request.id
    let method = request.method
    return { [logger] _ in
      do {
        return .reply(MessageEncoder.response(id, try await result()), nil)
      } catch let error as RPCError {
        return .reply(MessageEncoder.failure(id, error), nil)
      } catch {
        if !Task.isCancelled { logger.error("a request failed", metadata: ["method": "\(method)", "error": "\(error)"]) }
        return .reply(MessageEncoder.failure(id, RPCError(.internalError, Self.fault(of: method))), nil)
      }
    }
  }

  private static func fault(of name: String) -> String {
    "\(name) failed by a fault of the server, which its log describes: try again later."
  }
}

extension Incoming.Request {
  /// A parameter that must be a string.
  fileprivate func string(_ name: String) throws(RPCError) -> String {
    guard let text = params[name]?.stringValue else { throw .invalidParams("\(method) needs a string `\(name)`.") }
    return text
  }

  /// A parameter that must be an object, and may be left out.
  fileprivate func object(_ name: String) throws(RPCError) -> JSONObject {
    guard let value = params[name], value != .null else { return [:] }
    guard let object = value.objectValue else { throw .invalidParams("`\(name)` of \(method) must be an object.") }
    return object
  }
}

extension RPCError {
  fileprivate static func resourceNotFound(_ uri: String, _ revision: Revision) -> RPCError {
    RPCError(
      revision.resourceNotFoundCode, "There is no resource \(Sentence.quote(uri)): resources/list names them.", data: ["uri": .string(uri)])
  }
}

extension ServerDefinition {
  /// The resource of that URI, or the one that a template makes of it.
  func resource(at uri: String) -> (mimeType: String?, read: @Sendable () async throws -> String?)? {
    for resource in resources {
      if let variable = resource.variable(of: uri) { return (resource.mimeType, { try await resource.read(variable) }) }
    }
    return nil
  }
}
