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
