import JSON

/// A JSON-RPC error (JSON-RPC 2.0, section 5.1). Handlers of resources, prompts and completions may throw one.
///
/// The message goes to the client, and often to a model: one sentence that says what went wrong, on what, and what to do next.
public struct RPCError: Error, Hashable, Sendable {
  public enum Code: Int, Sendable {
    case parseError = -32700
    case invalidRequest = -32600
    case methodNotFound = -32601
    case invalidParams = -32602
    case internalError = -32603
    /// Of the handshake era only.
    case resourceNotFound = -32002
    /// Of the per-request era only.
    case unsupportedProtocolVersion = -32022
  }

  public let code: Code
  public let message: String
  public let data: JSON?

  public init(_ code: Code, _ message: String, data: JSON? = nil) {
    (self.code, self.message, self.data) = (code, message, data)
  }

  public static func invalidParams(_ message: String, data: JSON? = nil) -> RPCError {
    RPCError(.invalidParams, message, data: data)
  }
}
