extension JSONParser {
  /// Decodes the string that begins here.
  mutating func string() throws(JSONError) -> String {
    index += 1
    let start = index
    skipPlainText()
    if try peek() == UInt8(ascii: "\"") {
      index += 1
      return try text(bytes[start..<(index - 1)], start)
    }
    var decoded = Array(bytes[start..<index])
    while try peek() != UInt8(ascii: "\"") {
      if bytes[index] != UInt8(ascii: "\\") { throw controlCharacter }
      try appendEscape(to: &decoded)
      let start = index
      skipPlainText()
      decoded += bytes[start..<index]
    }
    index += 1
    return try decoded.withUnsafeBufferPointer { (bytes) throws(JSONError) in try text(bytes[...], start) }
  }

  mutating func skipString() throws(JSONError) {
    index += 1
    skipPlainText()
    while try peek() != UInt8(ascii: "\"") {
      if bytes[index] != UInt8(ascii: "\\") { throw controlCharacter }
      var decoded: [UInt8] = []
      try appendEscape(to: &decoded)
      skipPlainText()
    }
    index += 1
  }

  private var controlCharacter: JSONError {
    JSONError(description: "The string has a control character at offset \(index), which must be escaped.")
  }

  private func text(_ bytes: Slice<UnsafeBufferPointer<UInt8>>, _ start: Int) throws(JSONError) -> String {
    // Faster than validating beforehand, which the standard library does by generic code.
    let bytes = UnsafeBufferPointer(rebasing: bytes)
    var text = String(decoding: bytes, as: UTF8.self)
    guard text.withUTF8({ $0.elementsEqual(bytes) }) else {
      throw JSONError(description: "The string at offset \(start) is not valid UTF-8.")
    }
    return text
  }

  private mutating func skipPlainText() {
    while index < bytes.count, bytes[index] >= 0x20, bytes[index] != UInt8(ascii: "\""), bytes[index] != UInt8(ascii: "\\") {
      index += 1
    }
  }

  private mutating func appendEscape(to decoded: inout [UInt8]) throws(JSONError) {
    let start = index
    index += 1
    let kind = try peek()
    index += 1
    switch kind {
    case UInt8(ascii: "\""), UInt8(ascii: "\\"), UInt8(ascii: "/"): decoded.append(kind)
    case UInt8(ascii: "b"): decoded.append(0x08)
    case UInt8(ascii: "f"): decoded.append(0x0C)
    case UInt8(ascii: "n"): decoded.append(0x0A)
    case UInt8(ascii: "r"): decoded.append(0x0D)
    case UInt8(ascii: "t"): decoded.append(0x09)
    case UInt8(ascii: "u"): decoded += UTF8.encode(try scalar(start)) ?? UTF8.encodedReplacementCharacter
    default: throw invalidEscape(start)
    }
  }

  /// The scalar of one `\uXXXX`, or of two that are a pair; U+FFFD for half of a pair.
  private mutating func scalar(_ start: Int) throws(JSONError) -> Unicode.Scalar {
    let first = try hexadecimal(start)
    if let scalar = Unicode.Scalar(first) { return scalar }
    let isHighHalf = first < 0xDC00
    if isHighHalf, index + 1 < bytes.count, bytes[index] == UInt8(ascii: "\\"), bytes[index + 1] == UInt8(ascii: "u") {
      let before = index
      index += 2
      let second = try hexadecimal(before)
      if 0xDC00...0xDFFF ~= second {
        return Unicode.Scalar(0x10000 + (first - 0xD800) << 10 + (second - 0xDC00)) ?? "\u{FFFD}"
      }
      index = before
    }
    isBroken = true
    return "\u{FFFD}"
  }

  private mutating func hexadecimal(_ start: Int) throws(JSONError) -> UInt32 {
    var value: UInt32 = 0
    for _ in 0..<4 {
      guard let digit = Character(Unicode.Scalar(try peek())).hexDigitValue else { throw invalidEscape(start) }
      value = value << 4 | UInt32(digit)
      index += 1
    }
    return value
  }

  private func invalidEscape(_ offset: Int) -> JSONError {
    JSONError(description: "The string has an invalid escape at offset \(offset).")
  }
}
