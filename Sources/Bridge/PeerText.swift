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

  /// The scalar to show instead; nil for none.
  private static func harmless(_ scalar: Unicode.Scalar) -> Unicode.Scalar? {
    switch scalar {
    case "\t": return " "
    // Joiners, as in emoji families and in Persian: the text stays readable without them.
    case "\u{200C}", "\u{200D}": return nil
    case "<", "\u{FF1C}", "\u{FE64}": return "‹"
    case ">", "\u{FF1E}", "\u{FE65}": return "›"
    case "[", "\u{FF3B}": return "("
    case "]", "\u{FF3D}": return ")"
    case "“", "”", "„", "‟", "\u{301D}", "\u{301E}", "\u{301F}", "\u{FF02}", "❝", "❞": return "\""
    default: break
    }
    switch scalar.properties.generalCategory {
    case .control, .format, .lineSeparator, .paragraphSeparator, .surrogate, .privateUse, .unassigned: return "\u{FFFD}"
    default: return isInvisible(scalar) ? "\u{FFFD}" : scalar
    }
  }

  /// Invisible letters, and selectors that can carry hidden text.
  private static func isInvisible(_ scalar: Unicode.Scalar) -> Bool {
    switch scalar.value {
    case 0x115F, 0x1160, 0x3164, 0xFFA0, 0x2800, 0x034F, 0xE0100...0xE01EF: true
    default: false
    }
  }

  private static func isLineEnd(_ scalar: Unicode.Scalar) -> Bool {
    switch scalar.value {
    case 0x0A...0x0D, 0x85, 0x2028, 0x2029: true
    default: false
    }
  }
}
