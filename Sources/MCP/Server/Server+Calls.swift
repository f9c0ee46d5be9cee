extension Server {
  func callTool(_ context: Context) throws(RPCError) {
    let name = try context.string("name")
    let arguments = try context.object("arguments")
    guard let tool = definition.tools.first(where: { $0.name == name }) else {
      throw .invalidParams("There is no tool \(Sentence.quote(name)): tools/list names them.")
    }
    let ticket = register(context)
    let call = ToolCall(tool: name, session: context.session) { [weak self] progress in await self?.report(progress, ticket) }
    let encoder = context.encoder(definition)
    let id = context.request.id
    let logger = logger
    carryOut(ticket) {
      do {
        let reply = try await tool.prepare(arguments)(call)
        return .reply(MessageEncoder.response(id, encoder.toolOutput(reply.output)), reply.hooks)
      } catch let failure as ToolFailure {
        return .reply(MessageEncoder.response(id, encoder.toolFailure(failure.message)), nil)
      } catch {
        if !Task.isCancelled { logger.error("a tool failed", metadata: ["tool": "\(name)", "error": "\(error)"]) }
        let message = "\(name) failed by a fault of the server, which its log describes: try again later."
        return .reply(MessageEncoder.response(id, encoder.toolFailure(message)), nil)
      }
    }
  }

  func getPrompt(_ context: Context) throws(RPCError) {
    let name = try context.string("name")
    let arguments = try context.object("arguments")
    guard let prompt = definition.prompts.first(where: { $0.name == name }) else {
      throw .invalidParams("There is no prompt \(Sentence.quote(name)): prompts/list names them.")
    }
    let make = try prompt.prepare(arguments)
    let session = context.session
    let encoder = context.encoder(definition)
    carryOut(register(context), context) { encoder.prompt(try await make(session)) }
  }

  func readResource(_ context: Context) throws(RPCError) {
    let uri = try context.string("uri")
    let session = context.session
    let encoder = context.encoder(definition)
    if let resource = definition.resources.first(where: { $0.uri == uri }) {
      carryOut(register(context), context) { encoder.contents(uri, resource.mimeType, try await resource.read(session)) }
      return
    }
    for template in definition.resourceTemplates {
      guard let variables = template.pattern.match(uri) else { continue }
      let missing = notFound(uri, session.revision)
      carryOut(register(context), context) {
        guard let contents = try await template.read(session, variables) else { throw missing }
        return encoder.contents(uri, template.mimeType, contents)
      }
      return
    }
    throw notFound(uri, session.revision)
  }

  func notFound(_ uri: String, _ revision: Revision) -> RPCError {
    RPCError(
      revision.resourceNotFoundCode, "There is no resource \(Sentence.quote(uri)): resources/list names them.", data: ["uri": .string(uri)])
  }

  func exists(_ uri: String) -> Bool {
    definition.resources.contains { $0.uri == uri } || definition.resourceTemplates.contains { $0.pattern.match(uri) != nil }
  }

  func complete(_ context: Context) throws(RPCError) {
    let request = try CompletionRequest(context.params)
    let provider = try request.provider(in: definition)
    let encoder = context.encoder(definition)
    carryOut(register(context), context) {
      guard let provider else { return encoder.completion([]) }
      return encoder.completion(try await provider(request.value, request.arguments))
    }
  }

  /// Carries out a request whose failure is a JSON-RPC error.
  private func carryOut(_ ticket: Ticket, _ context: Context, _ result: @escaping @Sendable () async throws -> WireObject) {
    let id = context.request.id
    let method = context.request.method
    let logger = logger
    carryOut(ticket) {
      do {
        return .reply(MessageEncoder.response(id, try await result()), nil)
      } catch let error as RPCError {
        return .reply(MessageEncoder.failure(id, error), nil)
      } catch {
        if !Task.isCancelled { logger.error("a request failed", metadata: ["method": "\(method)", "error": "\(error)"]) }
        let failure = RPCError(.internalError, "\(method) failed by a fault of the server, which its log describes: try again later.")
        return .reply(MessageEncoder.failure(id, failure), nil)
      }
    }
  }
}
