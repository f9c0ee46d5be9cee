/// A message with all that a store keeps of it.
public struct ArchivedMessage: ArchiveRecord, Hashable {
  public var id: ArchivedText
  public var sender: ArchivedText?
  public var recipient: ArchivedText?
  public var content: ArchivedText?
  public var createdAt: ArchivedText?
  /// As it stands: 0 and nil are unread.
  public var read: Int?
  public var replyTo: String?
  public var taskID: String?
  public var idempotencyKey: String?
  /// RFC 3339, UTC, milliseconds.
  public var readAt: String?
  public var redelivered: Bool

  public init(
    id: ArchivedText, sender: ArchivedText?, recipient: ArchivedText?, content: ArchivedText?, createdAt: ArchivedText?, read: Int?,
    replyTo: String? = nil, taskID: String? = nil, idempotencyKey: String? = nil, readAt: String? = nil, redelivered: Bool = false
  ) {
    self.id = id
    self.sender = sender
    self.recipient = recipient
    self.content = content
    self.createdAt = createdAt
    self.read = read
    self.replyTo = replyTo
    self.taskID = taskID
    self.idempotencyKey = idempotencyKey
    self.readAt = readAt
    self.redelivered = redelivered
  }

  public var isRead: Bool { (read ?? 0) != 0 }

  /// Whether there is something beside the documented columns.
  public var hasDetails: Bool { hasReferences || readAt != nil || redelivered }
  public var hasReferences: Bool { replyTo != nil || taskID != nil || idempotencyKey != nil }

  /// It is under a lease, so nobody knows whether it arrived: elsewhere it is unread, and marked.
  public mutating func giveBack() {
    read = 0
    readAt = nil
    redelivered = true
  }

  public func isSame(as other: ArchivedMessage) -> Bool {
    sender.isSame(as: other.sender) && recipient.isSame(as: other.recipient) && content.isSame(as: other.content)
      && createdAt.isSame(as: other.createdAt)
  }

  /// Read wins over unread, and says what came of a lease under which it was copied.
  public func merged(with source: ArchivedMessage) -> ArchivedMessage {
    var result = self
    if source.isRead && !isRead {
      result.read = source.read
      result.readAt = source.readAt
      result.redelivered = source.redelivered
    } else if source.isRead {
      result.readAt = readAt ?? source.readAt
    } else if !isRead {
      result.redelivered = redelivered || source.redelivered
    }
    result.replyTo = replyTo ?? source.replyTo
    result.taskID = taskID ?? source.taskID
    result.idempotencyKey = idempotencyKey ?? source.idempotencyKey
    return result
  }

  public func digest(into digest: inout ArchiveDigest) {
    digest.add(id.portableID)
    for column in [sender, recipient, content, createdAt] { digest.add(column?.portable) }
    for detail in [isRead ? "read" : "unread", replyTo, taskID, idempotencyKey, readAt, redelivered ? "again" : nil] { digest.add(detail) }
  }
}
