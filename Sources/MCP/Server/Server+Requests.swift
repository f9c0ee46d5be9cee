import JSON

extension Server {
  /// Answers a request at once, or begins to carry it out.
  func handle(_ request: Incoming.Request, _ target: ReplyTarget) {
    logger.debug("request", metadata: ["method": "\(request.method.prefix(64))"])
    do throws(RPCError) {
      if inFlight.ticket(of: request.id) != nil {
        throw RPCError(.invalidRequest, "The id of the request is in use by one that is not answered yet: use another.")
      }
      try serve(request, target)
    } catch {
      refuse(request.id, error, target)
    }
  }

  private func serve(_ request: Incoming.Request, _ target: ReplyTarget) throws(RPCError) {
    let kind = try Classification.of(
      method: request.method, params: request.params, agreed: agreement?.revision, policy: policy)
    switch kind {
    case .handshake:
      if target != .line { throw RPCError(.invalidRequest, "initialize must not be part of a batch.") }
      try initialize(request)
    case .served(let revision):
      if target != .line, !revision.hasBatches {
        throw RPCError(.invalidRequest, "Revision \(revision.rawValue) has no batches: send the request by itself.")
      }
      guard let method = Method.named(request.method, in: revision.era, of: definition) else {
        throw RPCError(.methodNotFound, "The method \(Sentence.quote(request.method)) is unknown here.")
      }
      try serve(method, Context(request: request, session: session(revision, request), target: target))
    }
  }

  private func serve(_ method: Method, _ context: Context) throws(RPCError) {
    let encoder = context.encoder(definition)
    switch method {
    case .initialize: throw RPCError(.methodNotFound, "There is no initialize in this era.")
    case .ping: answer(context, encoder.result())
    case .discover: answer(context, encoder.discover())
    case .listTools: try list(method, Fields.Lists.tools, context) { $0.tools(definition.tools) }
    case .listResources: try list(method, Fields.Lists.resources, context) { $0.resources(definition.resources) }
    case .listResourceTemplates:
      try list(method, Fields.Lists.resourceTemplates, context) { $0.templates(definition.resourceTemplates) }
    case .listPrompts: try list(method, Fields.Lists.prompts, context) { $0.prompts(definition.prompts) }
    case .callTool: try callTool(context)
    case .readResource: try readResource(context)
    case .getPrompt: try getPrompt(context)
    case .complete: try complete(context)
    case .subscribe: try subscribe(context)
    case .unsubscribe: try unsubscribe(context)
    case .listen: try listen(context)
    }
  }

  private func initialize(_ request: Incoming.Request) throws(RPCError) {
    guard let asked = request.params["protocolVersion"]?.stringValue else {
      throw .invalidParams("initialize needs a string `protocolVersion`.")
    }
    guard let capabilities = request.params["capabilities"]?.objectValue else {
      throw .invalidParams("initialize needs an object `capabilities`.")
    }
    guard request.params["clientInfo"]?.objectValue != nil else {
      throw .invalidParams("initialize needs an object `clientInfo`.")
    }
    let session = Session(
      revision: .negotiated(asked: asked), client: ClientInfo(request.params["clientInfo"]), clientCapabilities: capabilities)
    agreement = session
    let context = Context(request: request, session: session, target: .line)
    answer(context, context.encoder(definition).initialize())
  }

  private func session(_ revision: Revision, _ request: Incoming.Request) -> Session {
    if revision.era == .handshake {
      return agreement ?? Session(revision: revision, client: nil, clientCapabilities: [:])
    }
    let meta = request.params["_meta"]
    return Session(
      revision: revision, client: ClientInfo(meta?[MetaKey.clientInfo]),
      clientCapabilities: meta?[MetaKey.clientCapabilities]?.objectValue ?? [:])
  }

  /// There is one page, so that no cursor is valid (server/utilities/pagination, Error Handling).
  private func list(
    _ method: Method, _ field: WireField, _ context: Context, _ items: (ListEncoder) -> WireValue
  ) throws(RPCError) {
    if let cursor = context.params["cursor"], cursor != .null {
      throw .invalidParams("There is no page at the cursor \(Sentence.describe(cursor)): leave the cursor out.")
    }
    let key = ListKey(method: method, revision: context.session.revision)
    if lists[key] == nil {
      var writer = JSONWriter()
      writer.write(items(ListEncoder(revision: key.revision)))
      lists[key] = writer.bytes
    }
    answer(context, context.encoder(definition).list(field, lists[key] ?? []))
  }
}

/// A request that is being served.
struct Context: Sendable {
  let request: Incoming.Request
  let session: Session
  let target: ReplyTarget

  var params: JSONObject { request.params }

  func encoder(_ definition: ServerDefinition) -> ResultEncoder {
    ResultEncoder(revision: session.revision, definition: definition)
  }

  /// A parameter of the method that must be a string.
  func string(_ name: String) throws(RPCError) -> String {
    guard let text = params[name]?.stringValue else { throw .invalidParams("\(request.method) needs a string `\(name)`.") }
    return text
  }

  /// A parameter of the method that must be an object, and may be left out.
  func object(_ name: String) throws(RPCError) -> JSONObject {
    guard let value = params[name] else { return [:] }
    guard let object = value.objectValue else { throw .invalidParams("`\(name)` of \(request.method) must be an object.") }
    return object
  }
}
