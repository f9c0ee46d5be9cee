/// What is passed for the id of a message or a task: the id in any case, or its first 8 characters or more. It names only what the agent
/// sent, received, created or is assigned to.
public struct IDReference: Hashable, Sendable {
  public enum Kind: Sendable {
    case message, task
  }

  /// A message or task of the agent whose id is this one, or begins so.
  public struct Candidate: Hashable, Sendable {
    public var id: String
    /// What tells it from others: the title of a task, or the sender and the time of a message.
    public var note: String

    public init(id: String, note: String) { (self.id, self.note) = (id, note) }
  }

  /// How many candidates a store returns: one more than an error lists.
  public static let mostCandidates = 11
  private static let leastCharacters = 8

  public let text: String
  /// The name of the argument.
  let field: String
  public let kind: Kind

  public init(_ text: String, field: String, to kind: Kind) { (self.text, self.field, self.kind) = (text, field, kind) }

  /// Whether this may be the beginning of an id.
  public var mayBeBeginning: Bool { text.unicodeScalars.count >= Self.leastCharacters }

  /// The stored id: the very same wins, then one that differs in case only, then the only one that begins so.
  ///
  /// - Returns: nil if there is none.
  /// - Throws: `ambiguous` if several ids begin so.
  public func id(among candidates: [Candidate]) throws(BridgeError) -> String? {
    let wanted = text.lowercased()
    let whole = candidates.first { $0.id == text } ?? candidates.first { $0.id.lowercased() == wanted }
    if let whole { return whole.id }
    let begun = mayBeBeginning ? candidates.filter { $0.id.lowercased().utf8.starts(with: wanted.utf8) } : []
    if begun.count > 1 { throw refusal(begun) }
    return begun.first?.id
  }

  /// Why it names none or several.
  public func refusal(_ candidates: [Candidate]) -> BridgeError {
    let shown = "\(field) \"\(PeerText.firstLine(of: text, limit: 80))\""
    guard !candidates.isEmpty else {
      let advice =
        switch kind {
        case .message: "no message that you sent or received: pass an id that send_message, read_messages or search_history returned."
        case .task: "no task that you created or are assigned to: pass an id that get_tasks returned."
        }
      return BridgeError(.notFound, "\(shown) names \(advice)")
    }
    let listed = candidates.prefix(Self.mostCandidates - 1).map { candidate in
      "\(PeerText.id(candidate.id)) (“\(PeerText.firstLine(of: candidate.note, limit: 60))”)"
    }
    let rest = candidates.count > listed.count ? ", and others" : ""
    return BridgeError(
      .ambiguous,
      "\(shown) is the beginning of several \(kind)s' ids, and nothing was done: pass more characters of \(listed.joined(separator: ", "))\(rest)."
    )
  }
}
