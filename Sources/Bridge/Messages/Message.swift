/// What a sender may say of a message beside its content. Each property is a column of `message_details`.
public struct MessageReferences: FieldedRecord, Hashable {
  /// The message that this one answers.
  public var replyTo: String?
  /// The task that this message is about.
  public var taskID: String?
  /// The sender's own name for this message: a second message with the same key is not sent.
  public var idempotencyKey: String?

  public init(replyTo: String? = nil, taskID: String? = nil, idempotencyKey: String? = nil) {
    (self.replyTo, self.taskID, self.idempotencyKey) = (replyTo, taskID, idempotencyKey)
  }

  public init() {}

  public static let columns: [RecordField<Self>] = [
    .text("reply_to", \.replyTo), .text("task_id", \.taskID), .text("idempotency_key", \.idempotencyKey, .hidden),
  ]

  public var isEmpty: Bool { self == MessageReferences() }

  /// These, completed by others.
  func completed(by others: MessageReferences) -> MessageReferences {
    var result = self
    for field in Self.columns where field.value(in: self) == nil { field.set(field.value(in: others), in: &result) }
    return result
  }

  /// These with stored ids.
  public func resolved(_ id: (IDReference) throws -> String) rethrows -> MessageReferences {
    var result = self
    result.replyTo = try replyTo.map { try id(IDReference($0, field: "reply_to", to: .message)) }
    result.taskID = try taskID.map { try id(IDReference($0, field: "task_id", to: .task)) }
    return result
  }

  /// - Throws: `BridgeError` with the code `invalidValue` that names the field.
  func validate() throws(BridgeError) {
    try TextRule.key(idempotencyKey)
    for field in Self.columns where !field.traits.contains(.hidden) {
      try TextRule.reference(field.value(in: self)?.text, field: field.name)
    }
  }
}

/// A message as an agent sees it.
///
/// Rows may have been written by hand, so every column can be missing and times come in any format.
@dynamicMemberLookup
public struct Message: FieldedRecord, Hashable {
  public var id: String?
  public var sender: String?
  public var recipient: String?
  public var content: String?
  public var createdAt: String?
  /// Its recipient has taken it, and the reply has left the process.
  public var isRead = false
  public var references = MessageReferences()
  /// An instance took it before and never confirmed it, so the agent may have seen it already.
  public var redelivered = false
  /// When the delivery was confirmed.
  public var readAt: String?
  /// The bytes of the whole content, where `content` is an excerpt.
  public var size: Int?

  public init() {}

  public init(id: String?, sender: String?, recipient: String?, content: String?, createdAt: String?) {
    (self.id, self.sender, self.recipient, self.content, self.createdAt) = (id, sender, recipient, content, createdAt)
  }

  public static let columns: [RecordField<Self>] = [
    .text("id", \.id), .text("sender", \.sender), .text("recipient", \.recipient), .text("content", \.content),
    .text("created_at", \.createdAt), .nonzero("read", \.isRead),
  ]
  public static let details: [RecordField<Self>] =
    MessageReferences.columns.filter { !$0.traits.contains(.hidden) }.map { $0.within(\.references) } + [
      .time("read_at", \.readAt), .flag("redelivered", \.redelivered),
    ]
  public static let fields = columns + details

  /// With an excerpt of a content that is too long to be shown.
  public var excerpted: Message {
    guard let content, content.utf8.count > Limits.shownBytes else { return self }
    var message = self
    (message.content, message.size) = (content.excerpt, content.utf8.count)
    return message
  }

  public subscript<Value>(dynamicMember path: WritableKeyPath<MessageReferences, Value>) -> Value {
    get { references[keyPath: path] }
    set { references[keyPath: path] = newValue }
  }
}

extension String {
  /// The beginning of a text that is too long to be shown.
  var excerpt: String {
    utf8.count > Limits.shownBytes ? String(String.UnicodeScalarView(unicodeScalars.prefix(Limits.excerptCharacters))) : self
  }
}
