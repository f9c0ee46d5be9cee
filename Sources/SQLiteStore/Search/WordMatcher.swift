import Bridge
import GRDB

/// Matches texts that contain all words of a query, each as the beginning of a word, like the text index.
struct WordMatcher {
  private let words: [String]
  /// The words as case-folded bytes.
  private let bytes: [[UInt8]]
  private let tokenizer: any FTS5Tokenizer

  /// - Parameter words: of `SearchWords`, at least one.
  init(_ words: [String], _ db: Database) throws {
    tokenizer = try db.makeTokenizer(.unicode61(diacritics: .keep))
    self.words = try words.flatMap { [tokenizer] in try tokenizer.tokenize(query: $0).map(\.token) }
    bytes = self.words.map { Array($0.utf8) }
  }

  /// False also if the query has no word of the index, such as a lone combining mark.
  func matches(_ text: String) throws -> Bool {
    if words.isEmpty { return false }
    if let answer = text.utf8.withContiguousStorageIfAvailable({ Self.find(bytes, in: $0) }), let answer { return answer }
    let tokens = try tokenizer.tokenize(document: text).map(\.token)
    return words.allSatisfy { word in tokens.contains { $0.utf8.starts(with: word.utf8) } }
  }

  /// The same for ASCII text, where words are runs of letters and digits. Nil for other text.
  private static func find(_ words: [[UInt8]], in text: UnsafeBufferPointer<UInt8>) -> Bool? {
    var missing = words
    var isInWord = false
    for index in text.indices {
      let byte = text[index]
      guard byte < 0x80 else { return nil }
      let isOfWord = fold(byte) != nil
      if isOfWord, !isInWord { missing.removeAll { starts(text, at: index, with: $0) } }
      isInWord = isOfWord
    }
    return missing.isEmpty
  }

  private static func starts(_ text: UnsafeBufferPointer<UInt8>, at start: Int, with word: [UInt8]) -> Bool {
    guard start + word.count <= text.count else { return false }
    for index in word.indices where fold(text[start + index]) != word[index] { return false }
    return true
  }

  /// An ASCII letter or digit in lower case; nil for a separator.
  private static func fold(_ byte: UInt8) -> UInt8? {
    switch byte {
    case 0x30...0x39, 0x61...0x7A: byte
    case 0x41...0x5A: byte | 0x20
    default: nil
    }
  }
}
