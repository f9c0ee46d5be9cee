/// Decides how many messages and tasks fit into one reply.
///
/// Counts the characters (Unicode scalars) of their texts plus a constant for each row; not what JSON adds, which only the protocol knows. The
/// rest of `Limits.replyCharacters` is for that and for the frame: prose and source code stay below the limit, a text that consists mostly of
/// quotes, control characters or emoji may exceed it.
///
/// The first is admitted whatever its size, so that one that is larger than a reply comes alone and whole.
public struct ReplyBudget: Sendable {
  /// Characters for the messages and tasks of a reply.
  public static let characters = Limits.replyCharacters * 17 / 20

  private var left: Int
  private var isEmpty = true

  public init(characters: Int = ReplyBudget.characters) { left = characters }

  /// Takes something in, unless it no longer fits.
  public mutating func admits(_ cost: Int) -> Bool {
    guard isEmpty || cost <= left else { return false }
    isEmpty = false
    left -= cost
    return true
  }

  /// What is left for others.
  public var remainder: Int { max(0, left) }
}

extension Message {
  /// What a message costs beside its texts.
  public static let rowCost = 260

  /// What it takes of a reply.
  public var replyCost: Int { Self.rowCost + characters(ofTextsIn: self) }
}

extension BridgeTask {
  /// What it takes of a reply.
  public var replyCost: Int { 300 + characters(ofTextsIn: self) + characters(holder) }
}

extension TaskEvent {
  /// What a change of a task costs beside its texts.
  public static let rowCost = 100

  /// What it takes of a reply.
  public var replyCost: Int { Self.rowCost + characters(ofTextsIn: self) }
}

private func characters<Record: FieldedRecord>(ofTextsIn record: Record) -> Int {
  Record.fields.reduce(0) { $0 + characters($1.value(in: record)?.text) }
}

private func characters(_ text: String?) -> Int { text?.unicodeScalars.count ?? 0 }
