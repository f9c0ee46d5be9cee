/// A message with everything that a store keeps of it.
@dynamicMemberLookup
public struct ArchivedMessage: ArchiveRecord, Hashable {
  public var id = ArchivedText("")
  public var sender: ArchivedText?
  public var recipient: ArchivedText?
  public var content: ArchivedText?
  /// The column itself: 0 and nil are unread.
  public var read: Int?
  public var createdAt: ArchivedText?
  public var references = MessageReferences()
  public var readAt: String?
  public var redelivered = false

  public init() {}

  public static let tables = RecordTables(name: "messages", details: "message_details", id: "message_id")
  public static let columns: [RecordField<Self>] = [
    .id(\.id), .exact("sender", \.sender), .exact("recipient", \.recipient), .exact("content", \.content), .number("read", \.read),
    .exact("created_at", \.createdAt),
  ]
  public static let details: [RecordField<Self>] =
    MessageReferences.columns.map { $0.within(\.references) } + [.time("read_at", \.readAt, .kept), .flag("redelivered", \.redelivered)]
  public static let fields = columns + details
  public static let leaseItems: [LeaseItem] = [.message]

  public subscript<Value>(dynamicMember path: WritableKeyPath<MessageReferences, Value>) -> Value {
    get { references[keyPath: path] }
    set { references[keyPath: path] = newValue }
  }

  public var idempotencyKey: String? {
    get { references.idempotencyKey }
    set { references.idempotencyKey = newValue }
  }

  public var isRead: Bool { (read ?? 0) != 0 }
  public var isNews: Bool { !isRead }
  public var hasDetails: Bool { !references.isEmpty || readAt != nil || redelivered }
  public var keyOwner: ArchivedText? { references.isEmpty ? nil : sender }
  public static let hasKeyForEachRecipient = true

  /// A message under a lease may or may not have arrived: elsewhere it is unread, and marked.
  public mutating func giveBack(_ item: LeaseItem = .message) {
    read = 0
    readAt = nil
    redelivered = true
  }

  /// Read wins over unread, also for a message that was copied while it was under a lease.
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
    result.references = references.completed(by: source.references)
    return result
  }
}
