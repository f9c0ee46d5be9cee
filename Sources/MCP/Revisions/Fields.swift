/// The fields that this server writes, by the object that they belong to, with the revisions that know them.
enum Fields {
  enum Message {
    static let jsonrpc = WireField("jsonrpc")
    static let id = WireField("id")
    static let method = WireField("method")
    static let params = WireField("params")
    static let result = WireField("result")
    static let error = WireField("error")
  }

  enum Failure {
    static let code = WireField("code")
    static let message = WireField("message")
    static let data = WireField("data")
  }

  enum Result {
    static let resultType = WireField("resultType", since: .july2026)
    static let ttl = WireField("ttlMs", since: .july2026)
    static let cacheScope = WireField("cacheScope", since: .july2026)
    /// Earlier revisions have the field too, but nothing that we would put there.
    static let meta = WireField("_meta", since: .july2026)
    static let serverInfo = WireField(MetaKey.serverInfo, since: .july2026)
    static let subscriptionID = WireField(MetaKey.subscriptionID, since: .july2026)
  }

  enum Initialize {
    static let protocolVersion = WireField("protocolVersion", until: .november2025)
    static let capabilities = WireField("capabilities")
    static let serverInfo = WireField("serverInfo", until: .november2025)
    static let instructions = WireField("instructions")
    static let supportedVersions = WireField("supportedVersions", since: .july2026)
  }

  enum Implementation {
    static let name = WireField("name")
    static let version = WireField("version")
    static let title = WireField("title", since: .june2025)
    static let description = WireField("description", since: .november2025)
  }

  enum Capabilities {
    static let tools = WireField("tools")
    static let resources = WireField("resources")
    static let prompts = WireField("prompts")
    static let completions = WireField("completions", since: .march2025)
    /// Later revisions have the field too; what it declares works by notifications that nobody subscribed to, which they forbid.
    static let experimental = WireField("experimental", until: .november2025)
    static let subscribe = WireField("subscribe")
  }

  enum Lists {
    static let tools = WireField("tools")
    static let resources = WireField("resources")
    static let resourceTemplates = WireField("resourceTemplates")
    static let prompts = WireField("prompts")
  }

  /// What tools, resources, templates and prompts have in common.
  enum Item {
    static let name = WireField("name")
    static let title = WireField("title", since: .june2025)
    static let description = WireField("description")
    static let mimeType = WireField("mimeType")
    static let meta = WireField("_meta", since: .june2025)
    static let uri = WireField("uri")
    static let uriTemplate = WireField("uriTemplate")
    static let arguments = WireField("arguments")
    static let required = WireField("required")
  }

  enum Tool {
    static let inputSchema = WireField("inputSchema")
    static let outputSchema = WireField("outputSchema", since: .june2025)
    static let annotations = WireField("annotations", since: .march2025)
    static let readOnlyHint = WireField("readOnlyHint", since: .march2025)
    static let destructiveHint = WireField("destructiveHint", since: .march2025)
    static let idempotentHint = WireField("idempotentHint", since: .march2025)
    static let openWorldHint = WireField("openWorldHint", since: .march2025)
  }

  enum Content {
    static let content = WireField("content")
    static let structuredContent = WireField("structuredContent", since: .june2025)
    static let isError = WireField("isError")
    static let contents = WireField("contents")
    static let messages = WireField("messages")
    static let role = WireField("role")
    static let type = WireField("type")
    static let text = WireField("text")
  }

  enum Completion {
    static let completion = WireField("completion")
    static let values = WireField("values")
    static let total = WireField("total")
    static let hasMore = WireField("hasMore")
  }

  enum Progress {
    static let token = WireField("progressToken")
    static let progress = WireField("progress")
    static let total = WireField("total")
    static let message = WireField("message", since: .march2025)
  }

  enum Subscription {
    static let notifications = WireField("notifications", since: .july2026)
    static let resourceSubscriptions = WireField("resourceSubscriptions", since: .july2026)
    static let meta = WireField("_meta", since: .july2026)
  }
}

/// Keys of `_meta` that the protocol reserves (2026-07-28 basic, _meta), and the token of progress.
enum MetaKey {
  static let prefix = "io.modelcontextprotocol/"
  static let protocolVersion = prefix + "protocolVersion"
  static let clientInfo = prefix + "clientInfo"
  static let clientCapabilities = prefix + "clientCapabilities"
  static let serverInfo = prefix + "serverInfo"
  static let subscriptionID = prefix + "subscriptionId"
  static let progressToken = "progressToken"
}
