/// A word of a query, or a run of a script without spaces.
public struct SearchToken: Hashable, Sendable {
  public let text: String
  let isRun: Bool
  /// What a folded text contains in which it occurs.
  let pattern: [UInt8]

  init(_ text: String) {
    self.text = text
    isRun = text.unicodeScalars.first.map { CharacterClass(of: $0) == .unspaced } ?? false
    pattern = Array((isRun ? text : " " + text).utf8)
  }

  /// What an index holds of it: a word itself; of a run each pair of characters, and the last one.
  fileprivate var terms: [String] {
    guard isRun else { return [text] }
    let scalars = Array(text.unicodeScalars)
    return scalars.indices.map { String(String.UnicodeScalarView(scalars[$0..<min($0 + 2, scalars.count)])) }
  }
}

/// Finds the texts that contain all words of a query: each as the beginning of a word, or anywhere in a script without spaces.
public struct SearchQuery: Sendable {
  /// At least one.
  let tokens: Set<SearchToken>

  /// Nil for a text without words: it is searched for literally.
  public init?(_ text: String) {
    tokens = Set(FoldedText(text).tokens)
    if tokens.isEmpty { return nil }
  }

  public func matches(_ text: String) -> Bool {
    let folded = FoldedText(text)
    return tokens.allSatisfy(folded.contains)
  }

  /// The terms of a text in an index.
  public static func terms(of text: String) -> [String] { FoldedText(text).tokens.flatMap(\.terms) }

  /// Terms that the index has of each text that matches, and of few others. A word is the beginning of a term.
  ///
  /// Very short words occur so often that looking them up costs more than it spares.
  public var terms: [(text: String, isPrefix: Bool)] {
    let terms = tokens.flatMap { token in
      token.isRun && token.terms.count > 1 ? token.terms.dropLast().map { ($0, false) } : [(token.text, true)]
    }
    let selective = terms.filter { !$0.1 || $0.0.utf8.count > 2 }
    return Array((selective.isEmpty ? terms : selective).sorted { ($1.0.utf8.count, $0.0) < ($0.0.utf8.count, $1.0) }.prefix(8))
  }
}
