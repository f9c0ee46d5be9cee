import JSON
import Logging

/// What a request asks the connection to do.
enum Demand: Sendable {
  case answer(WireObject)
  /// The handshake: the session agreed on, and the answer.
  case agree(Session, WireObject)
  case carryOut(Work)
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
  /// Encoded once, since they never change.
  private var lists: [ListKey: [UInt8]] = [:]

  init(definition: ServerDefinition, policy: ProtocolPolicy, logger: Logger) {
    self.definition = definition
    self.policy = policy
    self.logger = logger
  }

  mutating func demand(
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

  private mutating func demand(_ method: Method, _ request: Incoming.Request, _ session: Session) throws(RPCError) -> Demand {
    let encoder = encoder(session)
    let definition = definition
    switch method {
    case .initialize: throw RPCError(.methodNotFound, "There is no initialize in this era.")
    case .ping: return .answer(encoder.result())
    case .discover: return .answer(encoder.discover())
    case .listTools: return try list(method, Fields.Lists.tools, request, encoder) { $0.tools(definition.tools) }
    case .listResources: return try list(method, Fields.Lists.resources, request, encoder) { $0.resources(definition.resources) }
    case .listResourceTemplates:
      return try list(method, Fields.Lists.resourceTemplates, request, encoder) { $0.templates(definition.resourceTemplates) }
    case .listPrompts: return try list(method, Fields.Lists.prompts, request, encoder) { $0.prompts(definition.prompts) }
    case .callTool: return .carryOut(try callTool(request, session))
    case .readResource: return .carryOut(try readResource(request, session))
    case .getPrompt: return .carryOut(try getPrompt(request, session))
    case .complete: return .carryOut(try complete(request, session))
    case .subscribe:
      let uri = try request.string("uri")
      if definition.resource(at: uri) == nil { throw .resourceNotFound(uri, session.revision) }
      return .subscribe(uri)
    case .unsubscribe: return .unsubscribe(try request.string("uri"))
    case .listen:
      return .listen(try SubscriptionFilter(request.params).honoured { definition.resource(at: $0) != nil })
    }
  }

  func emptyResult(for revision: Revision, subscription: RequestID? = nil) -> WireObject {
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

  /// There is one page, so no cursor is valid (server/utilities/pagination, Error Handling).
  private mutating func list(
    _ method: Method, _ field: WireField, _ request: Incoming.Request, _ encoder: ResultEncoder, _ items: (ListEncoder) -> WireValue
  ) throws(RPCError) -> Demand {
    if let cursor = request.params["cursor"], cursor != .null {
      throw .invalidParams("There is no page at the cursor \(Sentence.describe(cursor)): leave the cursor out.")
    }
    let key = ListKey(method: method, revision: encoder.revision)
    if lists[key] == nil {
      var writer = JSONWriter()
      writer.write(items(ListEncoder(revision: key.revision)))
      lists[key] = writer.bytes
    }
    return .answer(encoder.list(field, lists[key] ?? []))
  }
}

private struct ListKey: Hashable {
  let method: Method
  let revision: Revision
}

// MARK: - Requests that handlers carry out

extension Dispatcher {
  private func callTool(_ request: Incoming.Request, _ session: Session) throws(RPCError) -> Work {
    let name = try request.string("name")
    let arguments = try request.object("arguments")
    guard let tool = definition.tools.first(where: { $0.name == name }) else {
      throw .invalidParams("There is no tool \(Sentence.quote(name)): tools/list names them.")
    }
    let encoder = encoder(session)
    let id = request.id
    return { [logger] report in
      do {
        let reply = try await tool.prepare(arguments)(ToolCall(client: session.client, report: report))
        return .reply(MessageEncoder.response(id, encoder.toolOutput(reply.output)), reply.hooks)
      } catch let failure as ToolFailure {
        return .reply(MessageEncoder.response(id, encoder.toolFailure(failure.message)), nil)
      } catch {
        if !Task.isCancelled { logger.error("a tool failed", metadata: ["tool": "\(name)", "error": "\(error)"]) }
        return .reply(MessageEncoder.response(id, encoder.toolFailure(Self.fault(of: name))), nil)
      }
    }
  }

  private func getPrompt(_ request: Incoming.Request, _ session: Session) throws(RPCError) -> Work {
    let name = try request.string("name")
    let arguments = try request.object("arguments")
    guard let prompt = definition.prompts.first(where: { $0.name == name }) else {
      throw .invalidParams("There is no prompt \(Sentence.quote(name)): prompts/list names them.")
    }
    let make = try prompt.prepare(arguments)
    let encoder = encoder(session)
    return work(request) { encoder.prompt(try await make(session)) }
  }

  private func readResource(_ request: Incoming.Request, _ session: Session) throws(RPCError) -> Work {
    let uri = try request.string("uri")
    guard let resource = definition.resource(at: uri) else { throw .resourceNotFound(uri, session.revision) }
    let encoder = encoder(session)
    return work(request) {
      guard let contents = try await resource.read(session) else { throw RPCError.resourceNotFound(uri, session.revision) }
      return encoder.contents(uri, resource.mimeType, contents)
    }
  }

  private func complete(_ request: Incoming.Request, _ session: Session) throws(RPCError) -> Work {
    let completion = try CompletionRequest(request.params)
    let provider = try completion.provider(in: definition)
    let encoder = encoder(session)
    return work(request) { encoder.completion(try await provider?(completion.value, completion.arguments) ?? []) }
  }

  /// Work whose failure is a JSON-RPC error.
  private func work(_ request: Incoming.Request, _ result: @escaping @Sendable () async throws -> WireObject) -> Work {
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
    guard let value = params[name] else { return [:] }
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
  func resource(at uri: String) -> (mimeType: String?, read: @Sendable (Session) async throws -> String?)? {
    if let resource = resources.first(where: { $0.uri == uri }) { return (resource.mimeType, { try await resource.read($0) }) }
    for template in resourceTemplates {
      guard let variable = template.variable(of: uri) else { continue }
      return (template.mimeType, { try await template.read($0, variable) })
    }
    return nil
  }
}
