/// What peers wrote must not be able to steer a terminal, nor to look like something that this program says.
extension String {
  /// Control characters become visible signs; lines and tabs stay.
  var harmless: String { shown(keeping: ["\n", "\t"]) }

  var harmlessLine: String { shown(keeping: []) }

  /// The lines, each behind an indentation that no peer's text can leave: on a terminal they are wrapped, so that it wraps none.
  func indented(by spaces: Int = 2) -> String {
    let margin = String(repeating: " ", count: spaces)
    let lines: [any StringProtocol]
    if let width = Terminal.lineWidth.map({ $0 - spaces }) {
      lines = Wrapping(first: width, rest: width).lines(of: harmless.replacing("\t", with: "    ")).lines
    } else {
      lines = harmless.split(separator: "\n", omittingEmptySubsequences: false)
    }
    return lines.map { $0.isEmpty ? "" : margin + $0 }.joined(separator: "\n")
  }

  /// In one line; on a terminal in several, all but the first of which are indented.
  var wrappedLine: String {
    guard let width = Terminal.lineWidth else { return harmlessLine }
    return Wrapping(first: width, rest: width - 2).lines(of: harmlessLine).lines.joined(separator: "\n  ")
  }

  /// A field of a row, which peers may have written, in a line for people: on a terminal its beginning.
  var field: String { Terminal.lineWidth == nil ? harmlessLine : harmlessLine.brief(40) }

  /// The text of one that ``Colours`` painted.
  var withoutColours: String { replacing(/\u{1B}\[[0-9;]*m/, with: "") }

  private func shown(keeping kept: Set<Unicode.Scalar>) -> String {
    // Not a view of scalars: to append several to one copies all of it.
    var text = ""
    var scalars = unicodeScalars.makeIterator()
    var next = scalars.next()
    while let scalar = next {
      next = scalars.next()
      if scalar == "\r", next == "\n", kept.contains("\n") { continue }
      text += kept.contains(scalar) ? String(scalar) : scalar.harmless
    }
    return text
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

// MARK: Columns

/// Text in lines of a terminal.
struct Wrapping {
  /// Columns of the first line, and of those after it.
  let first: Int
  let rest: Int

  /// The lines, broken between words where that is possible; at most `limit`, and whether that is all.
  func lines(of text: String, limit: Int = .max) -> (lines: [String], isWhole: Bool) {
    var lines = [String]()
    for paragraph in text.split(separator: "\n", omittingEmptySubsequences: false) {
      var line = ""
      for var word in paragraph.split(separator: " ", omittingEmptySubsequences: false) {
        var remaining = word.columns
        if !line.isEmpty {
          if line.columns + 1 + remaining <= columns(lines.count) {
            line += " " + word
            continue
          }
          lines.append(line)
        }
        while remaining > columns(lines.count), lines.count <= limit {
          let piece = word.prefix(columns: columns(lines.count))
          lines.append(String(piece))
          word = word[piece.endIndex...]
          remaining -= piece.columns
        }
        if lines.count > limit { break }
        line = String(word)
      }
      lines.append(line)
      if lines.count > limit { break }
    }
    return (Array(lines.prefix(limit)), lines.count <= limit)
  }

  private func columns(_ line: Int) -> Int { max(8, line == 0 ? first : rest) }
}

extension StringProtocol {
  /// How many columns of a terminal it takes.
  var columns: Int { reduce(0) { $0 + $1.columns } }

  /// As much of its beginning as fits; one character at least.
  fileprivate func prefix(columns: Int) -> SubSequence {
    var left = columns
    var end = startIndex
    while end < endIndex {
      left -= self[end].columns
      if left < 0, end > startIndex { break }
      end = index(after: end)
    }
    return self[..<end]
  }
}

extension String {
  /// Its beginning, in so many columns at most.
  func brief(_ columns: Int) -> String { self.columns > columns ? prefix(columns: columns - 1) + "…" : self }
}

extension Character {
  /// 2 for East Asian wide characters and emoji (Unicode Standard Annex 11), 0 for marks alone, 1 otherwise.
  fileprivate var columns: Int {
    guard let scalar = unicodeScalars.first else { return 0 }
    switch scalar.value {
    case 0x20..<0x7F: return 1
    case 0x1100...0x115F, 0x2E80...0x303E, 0x3041...0xA4CF, 0xA960...0xA97F, 0xAC00...0xD7A3, 0xF900...0xFAFF, 0xFE30...0xFE6F,
      0xFF00...0xFF60, 0xFFE0...0xFFE6, 0x16FE0...0x18DFF, 0x1AFF0...0x1B2FF, 0x1F200...0x1F265, 0x20000...0x3FFFD:
      return 2
    case 0xAD: return 1
    default: break
    }
    if scalar.properties.isEmojiPresentation || unicodeScalars.contains("\u{FE0F}") { return 2 }
    switch scalar.properties.generalCategory {
    case .nonspacingMark, .enclosingMark, .format: return 0
    default: return 1
    }
  }
}
