import JSON

/// A JSON-RPC error (JSON-RPC 2.0, section 5.1). Handlers of resources, prompts and completions may throw one.
///
/// The message goes to the client, and often to a model: one sentence that says what went wrong, on what, and what to do next.
public struct RPCError: Error, Hashable, Sendable {
  public struct Code: RawRepresentable, Hashable, Sendable {
    public let rawValue: Int
    public init(rawValue: Int) { self.rawValue = rawValue }

    public static let parseError = Code(rawValue: -32700)
    public static let invalidRequest = Code(rawValue: -32600)
    public static let methodNotFound = Code(rawValue: -32601)
    public static let invalidParams = Code(rawValue: -32602)
    public static let internalError = Code(rawValue: -32603)
    /// Of the handshake era only.
    public static let resourceNotFound = Code(rawValue: -32002)
    /// Of the per-request era only.
    public static let unsupportedProtocolVersion = Code(rawValue: -32022)
  }

  public let code: Code
  public let message: String
  public let data: JSON?

  public init(_ code: Code, _ message: String, data: JSON? = nil) {
    self.code = code
    self.message = message
    self.data = data
  }

  public static func invalidParams(_ message: String, data: JSON? = nil) -> RPCError {
    RPCError(.invalidParams, message, data: data)
  }
}
