/// What peers wrote must not be able to steer a terminal, nor to look like something that this program says.
extension String {
  /// Control characters become visible signs; lines and tabs stay.
  var harmless: String { shown(keeping: ["\n", "\t"]) }

  /// The same in one line.
  var harmlessLine: String { shown(keeping: []) }

  /// The lines, each behind an indentation that no peer's text can leave.
  func indented(by spaces: Int = 2) -> String {
    let margin = String(repeating: " ", count: spaces)
    return harmless.split(separator: "\n", omittingEmptySubsequences: false).map { $0.isEmpty ? "" : margin + $0 }.joined(separator: "\n")
  }

  private func shown(keeping kept: Set<Unicode.Scalar>) -> String {
    var text = String.UnicodeScalarView()
    var scalars = unicodeScalars.makeIterator()
    var next = scalars.next()
    while let scalar = next {
      next = scalars.next()
      if scalar == "\r", next == "\n", kept.contains("\n") { continue }
      if kept.contains(scalar) { text.append(scalar) } else { text.append(contentsOf: scalar.harmless.unicodeScalars) }
    }
    return String(text)
  }
}

extension Unicode.Scalar {
  /// A sign for what steers a terminal or the direction of writing, the character itself otherwise.
  fileprivate var harmless: String {
    switch value {
    case 0..<0x20: Unicode.Scalar(0x2400 + value).map(String.init) ?? escape
    case 0x7F: "\u{2421}"
    case 0x80..<0xA0, 0x061C, 0x200E, 0x200F, 0x2028...0x202E, 0x2066...0x2069: escape
    default: String(self)
    }
  }

  private var escape: String { "\\u{\(String(value, radix: 16, uppercase: true))}" }
}
