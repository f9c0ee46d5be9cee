/// What a tool's handler returns: the output, and what to do once the fate of the reply is known.
///
/// Exactly one of the two hooks is called, exactly once:
/// - `delivered`, after the reply's line was completely written to standard output. It runs off the critical path: the next line may be
///   written meanwhile. No later call of the client (`tools/call`, `resources/read`, `prompts/get`) is carried out before it has returned.
/// - `undelivered`, at once, when the request was cancelled before its reply began to be written, when the output is closed or broken, or
///   when the server shuts down with the reply unwritten.
///
/// The same holds for a reply inside a batch. ``Server/run(on:)`` returns after all hooks have.
public struct ToolReply<Output: StructuredOutput>: Sendable {
  public let output: Output
  let hooks: DeliveryHooks?

  public init(
    _ output: Output, delivered: (@Sendable () async -> Void)? = nil, undelivered: @escaping @Sendable () async -> Void = {}
  ) {
    self.init(output: output, hooks: delivered.map { DeliveryHooks(delivered: $0, undelivered: undelivered) })
  }

  private init(output: Output, hooks: DeliveryHooks?) { (self.output, self.hooks) = (output, hooks) }

  /// The same reply with another output; the hooks go along.
  public func map<Other: StructuredOutput>(_ transform: (Output) -> Other) -> ToolReply<Other> {
    ToolReply<Other>(output: transform(output), hooks: hooks)
  }
}

struct DeliveryHooks: Sendable {
  typealias Hook = @Sendable () async -> Void

  let delivered: Hook
  let undelivered: Hook
}

/// An operation that failed: the call is answered with `isError: true` and this text, which the model sees and can act on.
///
/// One sentence: what went wrong, on what, what to do next.
public struct ToolFailure: Error, Hashable, Sendable, CustomStringConvertible {
  public let message: String

  public init(_ message: String) {
    self.message = message
  }

  public var description: String { message }
}
