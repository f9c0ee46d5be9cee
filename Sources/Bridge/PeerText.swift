/// Text of another agent, on one line that can be quoted to a model: it cannot leave its quotation marks, imitate a tag or a mark of the
/// bridge, steer a terminal, or change the direction of writing.
///
/// Only for announcements and errors: `read_messages` returns text unchanged.
public enum PeerText {
  /// The maximum length in Unicode scalars, so that stacked accents cannot make a line long.
  public static let limit = 200

  /// The first line that is not blank, cut to the limit; empty if there is none.
  public static func firstLine(of text: String?, limit: Int = PeerText.limit) -> String {
    guard let text else { return "" }
    var line = [Unicode.Scalar]()
    // However long the text is, no more is examined. One scalar beyond the limit shows that something was cut.
    for scalar in text.unicodeScalars.prefix(limit * 16) where line.count <= limit {
      if isLineEnd(scalar), !line.isEmpty { break }
      guard !isLineEnd(scalar), let shown = harmless(scalar), !line.isEmpty || !shown.properties.isWhitespace else { continue }
      line.append(shown)
    }
    while let last = line.last, last.properties.isWhitespace { line.removeLast() }
    func string(_ scalars: some Sequence<Unicode.Scalar>) -> String { String(String.UnicodeScalarView(scalars)) }
    return line.count > limit ? string(line.prefix(limit - 1)) + "…" : string(line)
  }

  /// A name or an id of a row that may be hand-typed, sanitized.
  public static func name(_ text: String?) -> String {
    let line = firstLine(of: text, limit: 64)
    return line.isEmpty ? "unknown" : line
  }

  /// A name in quotation marks.
  public static func quoted(_ text: String?) -> String { "“\(name(text))”" }

  /// The id of a row: bare only where it is a UUID, which says nothing.
  public static func id(_ text: String?) -> String { text.flatMap { isUUID($0) ? $0 : nil } ?? quoted(text) }

  /// The status of a task: bare only where it is one of the four.
  public static func status(_ text: String?) -> String { text.flatMap { TaskStatus(rawValue: $0)?.rawValue } ?? quoted(text) }

  /// The name of an agent: bare only where an agent could have it.
  public static func agent(_ text: String?) -> String {
    text.flatMap { NameRule.permits($0) ? $0 : nil } ?? text.map { quoted($0) } ?? "nobody"
  }

  /// What holds a task: its host may have any name.
  public static func holder(_ text: String) -> String {
    let isPlain = text.utf8.count <= 200 && text.allSatisfy { $0.isASCII && ($0.isLetter || $0.isNumber) || "@:._-".contains($0) }
    return isPlain ? text : quoted(text)
  }

  private static func isUUID(_ text: String) -> Bool {
    let groups = text.utf8.split(separator: UInt8(ascii: "-"), omittingEmptySubsequences: false)
    func isDigit(_ byte: UInt8) -> Bool { Character(Unicode.Scalar(byte)).isHexDigit }
    return groups.map(\.count) == [8, 4, 4, 4, 12] && groups.allSatisfy { $0.allSatisfy(isDigit) }
  }

  /// The scalar to show instead; nil for none.
  private static func harmless(_ scalar: Unicode.Scalar) -> Unicode.Scalar? {
    switch scalar {
    case "\t": return " "
    // Joiners and selectors, as in emoji and in Persian: the text stays readable without them.
    case "\u{200C}", "\u{200D}", "\u{FE00}"..."\u{FE0F}": return nil
    case "<", "\u{FF1C}", "\u{FE64}": return "‹"
    case ">", "\u{FF1E}", "\u{FE65}": return "›"
    case "[", "\u{FF3B}": return "("
    case "]", "\u{FF3D}": return ")"
    case "“", "”", "„", "‟", "\u{301D}", "\u{301E}", "\u{301F}", "\u{FF02}", "❝", "❞": return "\""
    default: break
    }
    switch scalar.properties.generalCategory {
    case .control, .format, .lineSeparator, .paragraphSeparator, .surrogate, .privateUse, .unassigned: return "\u{FFFD}"
    // Invisible letters, tags and selectors that can carry hidden text, and the blank of Braille.
    default: return scalar.properties.isDefaultIgnorableCodePoint || scalar == "\u{2800}" ? "\u{FFFD}" : scalar
    }
  }

  private static func isLineEnd(_ scalar: Unicode.Scalar) -> Bool {
    switch scalar.value {
    case 0x0A...0x0D, 0x85, 0x2028, 0x2029: true
    default: false
    }
  }
}
