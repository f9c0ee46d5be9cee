/// A message to every other known agent: one for each, all of them or none.
public struct Broadcast: Hashable, Sendable {
  public var sender: Identity
  public var content: String
  /// An idempotency key is that of each message: a repeat reaches only those that have no message of this key.
  public var references: MessageReferences
  /// The ids of the messages. A message of one of these ids was sent before, by the same broadcast.
  public var ids: [String]

  public init(
    sender: Identity, content: String, references: MessageReferences = MessageReferences(),
    ids: [String] = (0..<Limits.recipients).map { _ in UniqueID.make() }
  ) {
    (self.sender, self.content, self.references, self.ids) = (sender, content, references, ids)
  }

  /// Whom it reaches.
  ///
  /// - Parameter known: the names that the store knows.
  /// - Throws: `invalidValue` where they are too many.
  public func recipients(known: some Sequence<String>) throws(BridgeError) -> [Identity] {
    let others = Set(known.compactMap { try? Identity($0) }).union(Identity.wellKnown).subtracting([sender])
    guard others.count <= Limits.recipients else { throw .tooManyRecipients(others.count) }
    return others.sorted()
  }

  /// The message for one recipient.
  public func message(_ id: String, to recipient: Identity) -> NewMessage {
    var message = NewMessage(id: id, sender: sender, recipient: recipient, content: content)
    message.references = references
    return message
  }
}

extension BridgeError {
  public static func tooManyRecipients(_ count: Int) -> BridgeError {
    BridgeError(
      .invalidValue,
      "There are \(count) other agents, and a message to * reaches at most \(Limits.recipients), so nothing was sent: name the recipients, "
        + "or remove agents that are gone with `cowork-code-mcp-server agents remove NAME`.")
  }
}
