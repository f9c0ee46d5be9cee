import JSON

/// Results of one revision: what the revision does not know does not reach it.
struct ResultEncoder: Sendable {
  let revision: Revision
  let definition: ServerDefinition

  /// A result with what each result of the revision carries (2026-07-28 basic, Result Responses).
  ///
  /// - Parameter isCacheable: says that it may not be kept (2026-07-28 server/utilities/caching).
  func result(_ fields: [WireField] = [], isCacheable: Bool = false, subscription: RequestID? = nil) -> JSONObject {
    let caching = isCacheable ? [WireField("ttlMs", 0, since: .july2026), WireField("cacheScope", "private", since: .july2026)] : []
    // Earlier revisions know `_meta` too, but nothing that we would put there.
    let meta = revision.object(WireField(MetaKey.serverInfo, implementation), WireField(MetaKey.subscriptionID, subscription?.json))
    return revision.object(
      [WireField("resultType", "complete", since: .july2026)] + fields + caching + [WireField("_meta", meta, since: .july2026)])
  }

  func initialize() -> JSONObject {
    result([
      WireField("protocolVersion", revision.date, until: .november2025), WireField("capabilities", capabilities),
      WireField("serverInfo", implementation, until: .november2025), WireField("instructions", definition.instructions),
    ])
  }

  func discover() -> JSONObject {
    result(
      [
        WireField("supportedVersions", .array(Revision.perRequestVersions.map { .string($0.date) }), since: .july2026),
        WireField("capabilities", capabilities), WireField("instructions", definition.instructions),
      ], isCacheable: true)
  }

  /// As structured content where the revision knows it, and as a text block for those who do not.
  func toolOutput(_ output: JSON) -> JSONObject {
    let text = String(decoding: output.encoded(), as: UTF8.self)
    return result([WireField("content", [textBlock(text)]), WireField("structuredContent", output, since: .june2025)])
  }

  func toolFailure(_ message: String) -> JSONObject {
    result([WireField("content", [textBlock(message)]), WireField("isError", true)])
  }

  func contents(_ uri: String, _ mimeType: String?, _ text: String) -> JSONObject {
    let contents = revision.object(WireField("uri", uri), WireField("mimeType", mimeType), WireField("text", text))
    return result([WireField("contents", [contents])], isCacheable: true)
  }

  func prompt(_ text: String) -> JSONObject {
    result([WireField("messages", [["role": "user", "content": textBlock(text)]])])
  }

  /// At most 100 values (server/utilities/completion).
  func completion(_ values: [String]) -> JSONObject {
    let completion: JSON = [
      "values": .array(values.prefix(100).map { .string($0) }), "total": .integer(Int64(values.count)),
      "hasMore": .bool(values.count > 100),
    ]
    return result([WireField("completion", completion)])
  }

  private func textBlock(_ text: String) -> JSON { ["type": "text", "text": .string(text)] }

  private var implementation: JSON {
    revision.object(
      WireField("name", definition.name), WireField("version", definition.version),
      WireField("title", definition.title, since: .june2025), WireField("description", definition.description, since: .november2025))
  }

  private var capabilities: JSON {
    // A bare `nil` beside a JSON value would be the JSON value null.
    func declaration(_ offer: Offer, _ value: JSON = [:]) -> JSON? { definition.offers(offer) ? value : .none }
    return revision.object(
      WireField("tools", declaration(.tools)), WireField("resources", declaration(.resources, ["subscribe": true])),
      WireField("prompts", declaration(.prompts)), WireField("completions", declaration(.completions), since: .march2025),
      // Later revisions have the field too; what it declares works by notifications that nobody subscribed to, which they forbid.
      WireField("experimental", definition.experimental.isEmpty ? nil : .object(definition.experimental), until: .november2025))
  }
}

// MARK: - Lists

extension ResultEncoder {
  /// The result of one of the four list methods; there is only one page.
  func list(_ method: Method) -> JSONObject {
    let list =
      switch method {
      case .listResources: WireField("resources", .array(definition.resources.filter { $0.pattern == nil }.map(resource)))
      case .listResourceTemplates: WireField("resourceTemplates", .array(definition.resources.filter { $0.pattern != nil }.map(resource)))
      case .listPrompts: WireField("prompts", .array(definition.prompts.map(prompt)))
      default: WireField("tools", .array(definition.tools.map(tool)))
      }
    return result([list], isCacheable: true)
  }

  private func tool(_ tool: Tool) -> JSON {
    revision.object(
      WireField("name", tool.name), WireField("title", tool.title, since: .june2025), WireField("description", tool.description),
      WireField("inputSchema", .object(tool.inputSchema)), WireField("outputSchema", .object(tool.outputSchema), since: .june2025),
      WireField("annotations", tool.annotations.isEmpty ? nil : .object(tool.annotations), since: .march2025),
      WireField("_meta", tool.meta.isEmpty ? nil : .object(tool.meta), since: .june2025))
  }

  private func resource(_ resource: Resource) -> JSON {
    revision.object(
      WireField(resource.pattern == nil ? "uri" : "uriTemplate", resource.uri), WireField("name", resource.name),
      WireField("title", resource.title, since: .june2025), WireField("description", resource.description),
      WireField("mimeType", resource.mimeType))
  }

  private func prompt(_ prompt: Prompt) -> JSON {
    let arguments = prompt.arguments.map { argument in
      revision.object(
        WireField("name", argument.name), WireField("title", argument.title, since: .june2025),
        WireField("description", argument.description), WireField("required", .bool(argument.isRequired)))
    }
    return revision.object(
      WireField("name", prompt.name), WireField("title", prompt.title, since: .june2025), WireField("description", prompt.description),
      WireField("arguments", arguments.isEmpty ? nil : .array(arguments)))
  }
}
