/// A message as it stands in the store.
///
/// Rows may have been written by hand, so every column can be missing and times come in any format: they are shown as they are.
public struct Message: Hashable, Sendable {
  public var id: String?
  public var sender: String?
  public var recipient: String?
  public var content: String?
  public var createdAt: String?
  /// The message that this one answers.
  public var replyTo: String?
  /// The task that this message is about.
  public var taskID: String?
  /// It was taken before by a process that never confirmed it, so the agent may have seen it already.
  public var redelivered: Bool
  /// Its recipient has taken it, and the reply has left the process.
  public var isRead: Bool
  /// When the delivery was confirmed.
  public var readAt: String?

  public init(
    id: String?, sender: String?, recipient: String?, content: String?, createdAt: String?, replyTo: String? = nil, taskID: String? = nil,
    redelivered: Bool = false, isRead: Bool = false, readAt: String? = nil
  ) {
    self.id = id
    self.sender = sender
    self.recipient = recipient
    self.content = content
    self.createdAt = createdAt
    self.replyTo = replyTo
    self.taskID = taskID
    self.redelivered = redelivered
    self.isRead = isRead
    self.readAt = readAt
  }
}
