/// The methods that this layer knows, the eras that have them, and what a server must offer to serve them.
enum Method: String, CaseIterable, Sendable {
  case initialize
  case ping
  case discover = "server/discover"
  case listTools = "tools/list"
  case callTool = "tools/call"
  case listResources = "resources/list"
  case listResourceTemplates = "resources/templates/list"
  case readResource = "resources/read"
  case subscribe = "resources/subscribe"
  case unsubscribe = "resources/unsubscribe"
  case listen = "subscriptions/listen"
  case listPrompts = "prompts/list"
  case getPrompt = "prompts/get"
  case complete = "completion/complete"

  var eras: Set<Era> {
    switch self {
    case .initialize, .ping, .subscribe, .unsubscribe: [.handshake]
    case .discover, .listen: [.perRequest]
    default: [.handshake, .perRequest]
    }
  }

  var needs: Offer? {
    switch self {
    case .initialize, .ping, .discover, .listen: nil
    case .listTools, .callTool: .tools
    case .listResources, .listResourceTemplates, .readResource, .subscribe, .unsubscribe: .resources
    case .listPrompts, .getPrompt: .prompts
    case .complete: .completions
    }
  }

  /// The method of that name, where the era has it and the server offers what it needs.
  static func named(_ name: String, in era: Era, of definition: ServerDefinition) -> Method? {
    guard let method = Method(rawValue: name), method.eras.contains(era) else { return nil }
    guard let needed = method.needs else { return method }
    return definition.offers(needed) ? method : nil
  }
}

/// What a server may offer, declared as its capabilities.
enum Offer: Hashable, Sendable {
  case tools, resources, prompts, completions
}

extension ServerDefinition {
  func offers(_ offer: Offer) -> Bool {
    switch offer {
    case .tools: !tools.isEmpty
    case .resources: !resources.isEmpty
    case .prompts: !prompts.isEmpty
    case .completions:
      prompts.contains { $0.arguments.contains { $0.complete != nil } } || resources.contains { $0.complete != nil }
    }
  }
}
