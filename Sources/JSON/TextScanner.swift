/// Finds the end of a run of unescaped bytes in a JSON string, eight at a time.
enum TextScanner {
  private static let ones: UInt64 = 0x0101_0101_0101_0101
  private static let highs: UInt64 = 0x8080_8080_8080_8080

  /// The first byte at or after `start` that is a quote, a backslash or a control character; `bytes.count` if there is none.
  static func endOfPlainText(in bytes: UnsafeBufferPointer<UInt8>, from start: Int) -> Int {
    scan(bytes, from: start, stopsInWord: special, stops: isSpecial)
  }

  /// As `endOfPlainText`, and also stops at U+007F and at bytes that may begin U+0080 to U+009F, U+2028 or U+2029: terminals act upon the
  /// former, and some readers take the latter for a line's end.
  static func endOfTextToCopy(in bytes: UnsafeBufferPointer<UInt8>, from start: Int) -> Int {
    scan(
      bytes, from: start, stopsInWord: { special($0) | equal($0, 0x7F) | equal($0, 0xC2) | equal($0, 0xE2) },
      stops: { isSpecial($0) || $0 == 0x7F || $0 == 0xC2 || $0 == 0xE2 })
  }

  @inline(__always)
  private static func scan(
    _ bytes: UnsafeBufferPointer<UInt8>, from start: Int, stopsInWord: (UInt64) -> UInt64, stops: (UInt8) -> Bool
  ) -> Int {
    guard let base = bytes.baseAddress else { return start }
    var index = start
    while index + 8 <= bytes.count {
      let word = UInt64(littleEndian: UnsafeRawPointer(base + index).loadUnaligned(as: UInt64.self))
      let found = stopsInWord(word)
      if found != 0 { return index + found.trailingZeroBitCount / 8 }
      index += 8
    }
    while index < bytes.count, !stops(base[index]) { index += 1 }
    return index
  }

  private static func isSpecial(_ byte: UInt8) -> Bool {
    byte < 0x20 || byte == 0x22 || byte == 0x5C
  }

  // The highest bit of each byte that matches; bits above the lowest match may be wrong, and are not looked at.
  @inline(__always)
  private static func special(_ word: UInt64) -> UInt64 {
    ((word &- ones &* 0x20) & ~word & highs) | equal(word, 0x22) | equal(word, 0x5C)
  }

  @inline(__always)
  private static func equal(_ word: UInt64, _ byte: UInt8) -> UInt64 {
    let difference = word ^ (ones &* UInt64(byte))
    return (difference &- ones) & ~difference & highs
  }
}
