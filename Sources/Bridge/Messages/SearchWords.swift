/// How a search text is cut into words, the same for each store's text index.
public enum SearchWords {
  /// The runs of letters, marks and digits in a text. A text without any is to be looked for as it stands.
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
