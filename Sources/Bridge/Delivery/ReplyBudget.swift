/// Decides how many messages and tasks fit into one reply.
///
/// The first is admitted whatever its size, so that one that is larger than a reply comes alone and whole.
public struct ReplyBudget: Sendable {
  /// Characters left for the messages and tasks of a reply when its frame is taken off.
  public static let characters = Limits.replyCharacters - 1_500

  private var left: Int
  private var isEmpty = true

  /// - Parameter characters: characters of JSON, counted as UTF-16 code units.
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
  /// An upper bound of its characters in a reply.
  public var replyCost: Int {
    260 + jsonLength(ofTextsIn: self)
  }
}

extension BridgeTask {
  /// An upper bound of its characters in a reply.
  public var replyCost: Int {
    300 + jsonLength(ofTextsIn: self) + jsonLength(holder)
  }
}

extension TaskEvent {
  /// An upper bound of its characters in a reply.
  public var replyCost: Int { 100 + jsonLength(ofTextsIn: self) }
}

private func jsonLength<Record: FieldedRecord>(ofTextsIn record: Record) -> Int {
  Record.fields.reduce(0) { $0 + jsonLength($1.value(in: record)?.text) }
}

/// At least the UTF-16 code units of a text inside of a JSON string. U+0085, U+2028 and U+2029 may be escaped like control characters.
private func jsonLength(_ text: String?) -> Int {
  guard let text else { return 0 }
  var length = 0
  for scalar in text.unicodeScalars {
    switch scalar.value {
    case 0x0A, 0x0D, 0x09, 0x22, 0x5C: length += 2
    case 0..<0x20, 0x7F..<0xA0, 0x2028, 0x2029: length += 6
    case 0x10000...: length += 2
    default: length += 1
    }
  }
  return length
}
