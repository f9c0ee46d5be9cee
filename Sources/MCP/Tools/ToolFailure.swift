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
