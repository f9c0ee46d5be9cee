/// What the bridge refuses or fails to do, in one sentence for a person or a model.
public struct BridgeError: Error, Hashable, Sendable, CustomStringConvertible {
  public enum Code: Sendable {
    /// A name of an agent or a workspace is misspelled.
    case invalidName
    /// A value is outside its limits.
    case invalidValue
    case unknownRecipient
    /// There is no such message or task for this agent.
    case notFound
    /// An id was shortened, and several begin so.
    case ambiguous
    /// The agent may not do this.
    case notAllowed
    /// The task's present status does not allow the change.
    case wrongStatus
    /// Another process holds the task.
    case alreadyClaimed
    /// The idempotency key was used for something else.
    case keyReused
    /// The store cannot be reached or opened.
    case storeUnavailable
    /// The store was made by a newer version of this program.
    case storeTooNew
    /// The store failed in the middle of an operation; nothing is half done.
    case storeFailed
  }

  public let code: Code
  /// What went wrong, on what, and what to do next.
  public let message: String

  public init(_ code: Code, _ message: String) {
    self.code = code
    self.message = message
  }

  public var description: String { message }

  public static let cancelled = BridgeError(.storeFailed, "The call was cancelled before it began, and nothing was written.")

  static func invalidName(_ name: String, of what: String) -> BridgeError {
    BridgeError(
      .invalidName,
      "\"\(excerpt(name))\" is not a name for \(what == "agent" ? "an agent" : "a \(what)"): use \(NameRule.form).")
  }

  /// The start of a text, for an error.
  static func excerpt(_ text: String) -> String { text.count <= 80 ? text : text.prefix(77) + "..." }

  /// A store with a schema that a newer version of this program made.
  ///
  /// - Parameter store: such as `The database FILE`.
  public static func storeTooNew(_ store: String, version: Int, newest: Int) -> BridgeError {
    BridgeError(
      .storeTooNew,
      "\(store) has schema version \(version), and this program knows versions up to \(newest): "
        + "install the newer cowork-code-mcp-server that made it.")
  }

  /// An idempotency key that was used for something else.
  public static func keyReused(_ key: String, by earlier: String) -> BridgeError {
    BridgeError(
      .keyReused,
      "idempotency_key \"\(excerpt(key))\" was used before for \(earlier), which differs from this one: nothing was written; use a new key."
    )
  }

  /// A `before` that is neither an id nor a time.
  public static func notATimeOrID(_ text: String) -> BridgeError {
    BridgeError(
      .invalidValue,
      "before is neither the id of a known message nor a time: \"\(excerpt(text))\"; use an id from search_history or a time such as 2026-01-31T12:00:00Z."
    )
  }
}
