/// What a record means that a store has already under the id or the idempotency key of a new one: with the same id it is the new one itself,
/// whose writing is repeated; under the key it must say the same.
public enum EarlierRecord {
  /// The receipt for a message that is not sent again.
  ///
  /// - Parameter attempt: how often the store has tried to write the message, from 1. At a later attempt the same id is the store's own
  ///   write, whose outcome was unknown: for the caller it happens now.
  /// - Throws: `keyReused`.
  public static func receipt(
    for message: NewMessage, from earlier: Message, attempt: Int = 1, recipientOnline: Bool = false
  ) throws(BridgeError) -> SendReceipt {
    let id = earlier.id ?? message.id
    guard id == message.id || earlier.recipient == message.recipient.name && earlier.content == message.content else {
      throw .keyReused(message.idempotencyKey ?? "", by: "message \(id)")
    }
    return SendReceipt(
      messageID: id, recipient: message.recipient, createdAt: earlier.createdAt ?? "", recipientOnline: recipientOnline,
      duplicate: attempt == 1 || id != message.id)
  }

  /// The receipt for a task that is not created again.
  ///
  /// - Throws: `keyReused`.
  public static func receipt(
    for task: NewTask, from earlier: BridgeTask, recipientOnline: Bool = false
  ) throws(BridgeError) -> TaskReceipt {
    let id = earlier.id ?? task.id
    let isSame = earlier.recipient == task.recipient.name && earlier.title == task.title && earlier.description == task.description
    guard id == task.id || isSame else { throw .keyReused(task.idempotencyKey ?? "", by: "task \(id)") }
    return TaskReceipt(
      taskID: id, status: earlier.status ?? "", createdAt: earlier.createdAt ?? "", recipientOnline: recipientOnline)
  }
}
