import Foundation

/// A text as search compares it: words in small letters without accents, each behind a space, in UTF-8.
///
/// Compatible forms are one (full width, ligatures), and so are composed and decomposed characters. Marks that only modify Latin, Greek and
/// Cyrillic letters, the vowel points of Hebrew and Arabic, and invisible characters are left out; those of other scripts belong to their
/// letters. What is written without spaces between words (Chinese, Japanese, Korean, Thai and their like, emoji) stands in runs of its own.
///
/// The Postgres store does the same in `folded`.
public struct FoldedText {
  /// Longer texts are searched in their first characters only.
  static let characters = 262_144

  // Classes of characters, as a regular expression of Postgres writes them; ASCII letters and digits are in none.

  /// Left out.
  public static let omitted =
    #"\u00ad\u0300-\u036f\u0483-\u0489\u0591-\u05bd\u05bf\u05c1\u05c2\u05c4\u05c5\u05c7\u0610-\u061a\u061c\u0640\u064b-\u065f\u0670"#
    + #"\u06d6-\u06dc\u06df-\u06e4\u06e7\u06e8\u06ea-\u06ed\u180b-\u180f\u1ab0-\u1aff\u1dc0-\u1dff\u200b-\u200f\u202a-\u202e\u2060-\u206f"#
    + #"\u20d0-\u20ff\ufe00-\ufe0f\ufe20-\ufe2f\ufeff\U000e0000-\U000e0fff"#
  /// Punctuation between words.
  public static let separators =
    #"\u0001-\u002f\u003a-\u0040\u005b-\u0060\u007b-\u00bf\u00d7\u00f7\u02c2-\u02c5\u02d2-\u02df\u037e\u0387\u055a-\u055f\u0589-\u058f"#
    + #"\u05be\u05c0\u05c3\u05c6\u05f3\u05f4\u0600-\u060f\u061b-\u061f\u066a-\u066d\u06d4\u0700-\u070d\u0964\u0965\u0970\u0e3f\u0e4f"#
    + #"\u0e5a\u0e5b\u0f01-\u0f14\u0f3a-\u0f3d\u104a-\u104f\u10fb\u1360-\u1368\u1680\u17d4-\u17db\u1800-\u180a\u2000-\u206f\u20a0-\u20cf"#
    + #"\u2e00-\u2e7f\u3000-\u3004\u3008-\u3020\u3030\u3036\u3037\u303d-\u303f\u30a0\u30fb\ua60d-\ua60f\ua92e\ua92f\ua9c1-\ua9cd"#
    + #"\uaa5c-\uaa5f\uaade\uaadf\ufd3e\ufd3f\ufe10-\ufe6f\ufff9-\uffff"#
  /// Written without spaces between words; symbols and emoji are, too.
  public static let unspaced =
    #"\u0e00-\u0eff\u1000-\u109f\u1100-\u11ff\u1780-\u17ff\u1950-\u19ff\u1a20-\u1aaf\u2190-\u2bff\u2e80-\u2fdf\u3005-\u3007\u3021-\u318f"#
    + #"\u31a0-\u31ff\u3400-\ua4cf\ua960-\ua97f\ua9e0-\ua9ff\uaa60-\uaadf\uac00-\ud7ff\uf900-\ufaff\U0001b000-\U0001b16f"#
    + #"\U0001f000-\U0001fbff\U00020000-\U0003ffff"#

  let bytes: [UInt8]

  public init(_ text: String) {
    if let bytes = text.utf8.withContiguousStorageIfAvailable({ Self.ascii($0.prefix(Self.characters)) }), let bytes {
      self.bytes = bytes
      return
    }
    var bytes: [UInt8] = []
    var last = CharacterClass.separator
    for scalar in Self.letters(text.unicodeScalars.prefix(Self.characters)) {
      let own = CharacterClass(of: scalar)
      if own != .separator {
        if own != last { bytes.append(UInt8(ascii: " ")) }
        bytes.append(contentsOf: UTF8.encode(scalar) ?? UTF8.encodedReplacementCharacter)
      }
      last = own
    }
    self.bytes = bytes
  }

  /// The same for a text of ASCII; nil for another.
  private static func ascii(_ text: Slice<UnsafeBufferPointer<UInt8>>) -> [UInt8]? {
    var bytes: [UInt8] = []
    bytes.reserveCapacity(text.count + 1)
    var isInWord = false
    for byte in text {
      switch byte {
      case UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "0")...UInt8(ascii: "9"), UInt8(ascii: "A")...UInt8(ascii: "Z"):
        if !isInWord { bytes.append(UInt8(ascii: " ")) }
        bytes.append(byte >= UInt8(ascii: "A") ? byte | 0x20 : byte)
        isInWord = true
      case 0x80...: return nil
      default: isInWord = false
      }
    }
    return bytes
  }

  /// Without what is omitted, in small letters and in composed characters.
  private static func letters(_ scalars: Substring.UnicodeScalarView) -> String.UnicodeScalarView {
    var letters = ""
    for scalar in String(Substring(scalars)).decomposedStringWithCompatibilityMapping.unicodeScalars {
      switch scalar {
      case "A"..."Z": letters.unicodeScalars.append(Unicode.Scalar(UInt8(scalar.value) | 0x20))
      case _ where scalar.isASCII: letters.unicodeScalars.append(scalar)
      case _ where CharacterClass(of: scalar) == .omitted: continue
      case "Σ", "ς": letters += "σ"
      default: letters += scalar.properties.lowercaseMapping
      }
    }
    return letters.precomposedStringWithCanonicalMapping.unicodeScalars
  }

  /// The words and the runs.
  public var tokens: [SearchToken] {
    bytes.split(separator: UInt8(ascii: " ")).map { SearchToken(String(decoding: $0, as: UTF8.self)) }
  }

  /// Whether a token occurs: a word at the beginning of one, a run anywhere.
  func contains(_ token: SearchToken) -> Bool {
    bytes.withUnsafeBufferPointer { text in
      token.pattern.withUnsafeBufferPointer { pattern in
        guard text.count >= pattern.count else { return false }
        return (0...text.count - pattern.count).contains { start in
          var length = 0
          while length < pattern.count, text[start + length] == pattern[length] { length += 1 }
          return length == pattern.count
        }
      }
    }
  }
}

enum CharacterClass {
  case word, omitted, separator, unspaced

  init(of scalar: Unicode.Scalar) {
    let value = scalar.value
    if value < 0x80 {
      switch scalar {
      case "a"..."z", "A"..."Z", "0"..."9": self = .word
      default: self = .separator
      }
      return
    }
    if ScalarSet.omitted.contains(value) {
      self = .omitted
    } else if ScalarSet.separators.contains(value) {
      self = .separator
    } else {
      self = ScalarSet.unspaced.contains(value) ? .unspaced : .word
    }
  }
}

/// The characters of a bracket expression, whose ranges are in order.
private struct ScalarSet {
  static let omitted = ScalarSet(FoldedText.omitted)
  static let separators = ScalarSet(FoldedText.separators)
  static let unspaced = ScalarSet(FoldedText.unspaced)

  private let ranges: [(first: UInt32, last: UInt32)]

  init(_ text: String) {
    ranges = text.matches(of: /\\[uU]([0-9a-f]+)(?:-\\[uU]([0-9a-f]+))?/).map { match in
      let first = UInt32(match.1, radix: 16) ?? 0
      return (first, match.2.flatMap { UInt32($0, radix: 16) } ?? first)
    }
  }

  func contains(_ value: UInt32) -> Bool {
    var (low, high) = (0, ranges.count)
    while low < high {
      let middle = (low + high) / 2
      if ranges[middle].last < value { low = middle + 1 } else { high = middle }
    }
    return low < ranges.count && ranges[low].first <= value
  }
}
