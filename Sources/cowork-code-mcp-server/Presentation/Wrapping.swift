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
      var width = 0
      for word in paragraph.split(separator: " ", omittingEmptySubsequences: false) {
        var word = word
        var wide = word.columns
        let space = line.isEmpty ? 0 : 1
        if width + space + wide <= columns(lines.count) {
          line += (space == 0 ? "" : " ") + word
          width += space + wide
          continue
        }
        if !line.isEmpty {
          lines.append(line)
          if lines.count >= limit { return (lines, false) }
        }
        while wide > columns(lines.count) {
          let piece = word.prefix(columns: columns(lines.count))
          lines.append(String(piece))
          if lines.count >= limit { return (lines, false) }
          word = word.dropFirst(piece.count)
          wide = word.columns
        }
        line = String(word)
        width = wide
      }
      lines.append(line)
      if lines.count >= limit { return (lines, paragraph.endIndex == text.endIndex) }
    }
    return (lines, true)
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
  func brief(_ columns: Int) -> String {
    guard self.columns > columns else { return self }
    var text = ""
    var left = columns - 1
    for character in self {
      left -= String(character).columns
      if left < 0 { break }
      text.append(character)
    }
    return text + "…"
  }
}

extension Character {
  /// 2 for East Asian wide characters and emoji (Unicode Standard Annex 11), 0 for marks alone, 1 otherwise.
  fileprivate var columns: Int {
    guard let scalar = unicodeScalars.first else { return 0 }
    switch scalar.value {
    case 0x20..<0x7F: return 1
    case 0x1100...0x115F, 0x2E80...0x303E, 0x3041...0xA4CF, 0xA960...0xA97F, 0xAC00...0xD7A3, 0xF900...0xFAFF, 0xFE30...0xFE6F,
      0xFF00...0xFF60, 0xFFE0...0xFFE6, 0x1F000...0x1FAFF, 0x20000...0x3FFFD:
      return 2
    default: break
    }
    if scalar.properties.isEmojiPresentation || unicodeScalars.contains("\u{FE0F}") { return 2 }
    switch scalar.properties.generalCategory {
    case .nonspacingMark, .enclosingMark, .format: return 0
    default: return 1
    }
  }
}
