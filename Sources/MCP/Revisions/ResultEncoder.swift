import JSON

/// Results of one revision. What is not in the revision's ``Fields`` does not reach it.
struct ResultEncoder: Sendable {
  let revision: Revision
  let definition: ServerDefinition

  /// A result with what each result of the revision carries (2026-07-28 basic, Result Responses).
  ///
  /// - Parameter isCacheable: says that it may not be kept (2026-07-28 server/utilities/caching).
  func result(isCacheable: Bool = false, subscription: RequestID? = nil, _ build: (inout WireObject) -> Void = { _ in }) -> WireObject {
    var result = WireObject(for: revision)
    result.set(Fields.Result.resultType, "complete")
    build(&result)
    if isCacheable {
      result.set(Fields.Result.ttl, .integer(0))
      result.set(Fields.Result.cacheScope, "private")
    }
    result.nest(Fields.Result.meta) {
      $0.nest(Fields.Result.serverInfo, implementation)
      $0.set(Fields.Result.subscriptionID, subscription?.json)
    }
    return result
  }

  func initialize() -> WireObject {
    result {
      $0.set(Fields.Initialize.protocolVersion, revision.date)
      $0.nest(Fields.Initialize.capabilities, capabilities)
      $0.nest(Fields.Initialize.serverInfo, implementation)
      $0.set(Fields.Initialize.instructions, definition.instructions)
    }
  }

  func discover() -> WireObject {
    result(isCacheable: true) {
      $0.set(Fields.Initialize.supportedVersions, .array(Revision.perRequestVersions.map { .string($0.date) }))
      $0.nest(Fields.Initialize.capabilities, capabilities)
      $0.set(Fields.Initialize.instructions, definition.instructions)
    }
  }

  /// A page of a list that is encoded already; there is only one page.
  func list(_ field: WireField, _ items: [UInt8]) -> WireObject {
    result(isCacheable: true) { $0.set(field, .raw(items)) }
  }

  /// The same JSON twice, encoded once: as structured content where the revision knows it, and as a text block for those who do not.
  func toolOutput(_ output: [UInt8]) -> WireObject {
    result {
      $0.setTexts([.text(output)])
      $0.set(Fields.Content.structuredContent, .raw(output))
    }
  }

  func toolFailure(_ message: String) -> WireObject {
    result {
      $0.setTexts([.json(.string(message))])
      $0.set(Fields.Content.isError, true)
    }
  }

  func contents(_ uri: String, _ mimeType: String?, _ text: String) -> WireObject {
    result(isCacheable: true) {
      $0.set(
        Fields.Content.contents,
        WireObject.list([text], for: revision) { text, object in
          object.set(Fields.Item.uri, uri)
          object.set(Fields.Item.mimeType, mimeType)
          object.set(Fields.Content.text, text)
        })
    }
  }

  func prompt(_ text: String) -> WireObject {
    result {
      $0.set(
        Fields.Content.messages,
        WireObject.list([text], for: revision) { text, object in
          object.set(Fields.Content.role, "user")
          object.nest(Fields.Content.content) {
            $0.set(Fields.Content.type, "text")
            $0.set(Fields.Content.text, text)
          }
        })
    }
  }

  /// At most 100 values (server/utilities/completion).
  func completion(_ values: [String]) -> WireObject {
    result {
      $0.nest(Fields.Completion.completion) {
        $0.set(Fields.Completion.values, .array(values.prefix(100).map { .string($0) }))
        $0.set(Fields.Completion.total, .integer(Int64(values.count)))
        $0.set(Fields.Completion.hasMore, .bool(values.count > 100))
      }
    }
  }

  private func implementation(_ object: inout WireObject) {
    object.set(Fields.Implementation.name, definition.name)
    object.set(Fields.Implementation.version, definition.version)
    object.set(Fields.Implementation.title, definition.title)
    object.set(Fields.Implementation.description, definition.description)
  }

  private func capabilities(_ object: inout WireObject) {
    if definition.offers(.tools) { object.set(Fields.Capabilities.tools, JSONObject()) }
    if definition.offers(.resources) {
      object.nest(Fields.Capabilities.resources) { $0.set(Fields.Capabilities.subscribe, true) }
    }
    if definition.offers(.prompts) { object.set(Fields.Capabilities.prompts, JSONObject()) }
    if definition.offers(.completions) { object.set(Fields.Capabilities.completions, JSONObject()) }
    if !definition.experimental.isEmpty { object.set(Fields.Capabilities.experimental, definition.experimental) }
  }
}

extension WireObject {
  fileprivate mutating func setTexts(_ texts: [WireValue]) {
    let blocks = WireObject.list(texts, for: revision) { text, object in
      object.set(Fields.Content.type, "text")
      object.set(Fields.Content.text, text)
    }
    set(Fields.Content.content, blocks)
  }
}
