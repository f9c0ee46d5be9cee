/// Splits a search text into words, alike for both stores.
public enum SearchWords {
  /// The runs of letters, marks and digits in a text. A text without any is searched for literally.
  public static func of(_ text: String) -> [String] {
    text.unicodeScalars.split { !isWordScalar($0) }.map { String(String.UnicodeScalarView($0)) }
  }

  private static func isWordScalar(_ scalar: Unicode.Scalar) -> Bool {
    switch scalar.properties.generalCategory {
    case .uppercaseLetter, .lowercaseLetter, .titlecaseLetter, .modifierLetter, .otherLetter, .decimalNumber, .letterNumber, .otherNumber,
      .nonspacingMark, .spacingMark, .privateUse:
      true
    default: false
    }
  }
}
