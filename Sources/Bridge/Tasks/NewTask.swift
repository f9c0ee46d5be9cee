/// A task to be created. The caller makes the id, so that a write with an unknown outcome can be repeated without doubling.
public struct NewTask: Hashable, Sendable {
  /// UUID v4, lower case.
  public var id: String
  public var sender: Identity
  public var recipient: Identity
  /// 1 to 200 characters without NUL.
  public var title: String
  /// At most 256 KiB of UTF-8 without NUL.
  public var description: String
  /// The sender's own name for this task: a second task with the same key is not created.
  public var idempotencyKey: String?

  public init(
    id: String = UniqueID.make(), sender: Identity, recipient: Identity, title: String, description: String, idempotencyKey: String? = nil
  ) {
    (self.id, self.sender, self.recipient) = (id, sender, recipient)
    (self.title, self.description, self.idempotencyKey) = (title, description, idempotencyKey)
  }

  /// - Throws: `BridgeError` with the code `invalidValue` that names the field.
  public func validate() throws(BridgeError) {
    try TextRule.title(title)
    try TextRule.text(description, field: "description")
    try TextRule.key(idempotencyKey)
  }
}

/// What is known of a task once it is in the store.
public struct TaskReceipt: Hashable, Sendable {
  public var taskID: String
  public var status: String
  public var createdAt: String
  /// A process with the assignee's identity is running.
  public var recipientOnline: Bool
  /// What waits for the creator, if the store has counted it.
  public var unread: UnreadCounts?

  public init(taskID: String, status: String, createdAt: String, recipientOnline: Bool) {
    (self.taskID, self.status, self.createdAt, self.recipientOnline) = (taskID, status, createdAt, recipientOnline)
  }
}
