/// A message to send. The caller makes the id, so that a write with an unknown outcome can be repeated without a duplicate.
@dynamicMemberLookup
public struct NewMessage: Hashable, Sendable {
  /// UUID v4, lower case.
  public var id: String
  public var sender: Identity
  public var recipient: Identity
  /// 1 byte to 256 KiB of UTF-8 without NUL.
  public var content: String
  public var references: MessageReferences
  /// The lease under which the caller waits for the reply, and the instance that waits.
  /// Set if the sender waits for the reply.
  public var reservation: ReplyReservation?

  public init(
    id: String = UniqueID.make(), sender: Identity, recipient: Identity, content: String, replyTo: String? = nil, taskID: String? = nil,
    idempotencyKey: String? = nil
  ) {
    (self.id, self.sender, self.recipient, self.content) = (id, sender, recipient, content)
    references = MessageReferences(replyTo: replyTo, taskID: taskID, idempotencyKey: idempotencyKey)
  }

  public subscript<Value>(dynamicMember path: WritableKeyPath<MessageReferences, Value>) -> Value {
    get { references[keyPath: path] }
    set { references[keyPath: path] = newValue }
  }

  /// - Throws: `BridgeError` with the code `invalidValue` that names the field.
  public func validate() throws(BridgeError) {
    try TextRule.text(content, field: "content", allowEmpty: false)
    try references.validate()
  }
}

/// The lease under which a call waits for a reply.
public struct ReplyReservation: Hashable, Sendable {
  public var lease: String
  public var instance: Instance

  public init(lease: String = UniqueID.make(), instance: Instance) { (self.lease, self.instance) = (lease, instance) }
}

public struct SendReceipt: Hashable, Sendable {
  public var messageID: String
  public var recipient: Identity
  public var createdAt: String
  /// A process with the recipient's identity is running.
  public var recipientOnline: Bool
  /// The idempotency key had been used for the same message before: nothing new was sent.
  public var duplicate: Bool
  /// What waits for the sender, if the store has counted it.
  public var unread: UnreadCounts?

  /// Something new was sent.
  public var isNew: Bool { !duplicate }

  public init(messageID: String, recipient: Identity, createdAt: String, recipientOnline: Bool, duplicate: Bool) {
    (self.messageID, self.recipient, self.createdAt) = (messageID, recipient, createdAt)
    (self.recipientOnline, self.duplicate) = (recipientOnline, duplicate)
  }
}
