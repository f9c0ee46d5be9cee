extension JSONParser {
  /// Decodes the string that begins here.
  mutating func string() throws(JSONError) -> String {
    index += 1
    let start = index
    index = TextScanner.endOfPlainText(in: bytes, from: index)
    if try peek() == UInt8(ascii: "\"") {
      index += 1
      return try Self.text(UnsafeBufferPointer(rebasing: bytes[start..<index - 1]), offset: start)
    }
    var decoded = Array(bytes[start..<index])
    while try peek() != UInt8(ascii: "\"") {
      if bytes[index] != UInt8(ascii: "\\") { throw .controlCharacter(offset: index) }
      try appendEscape(to: &decoded)
      let end = TextScanner.endOfPlainText(in: bytes, from: index)
      decoded.append(contentsOf: bytes[index..<end])
      index = end
    }
    index += 1
    return try Self.text(decoded, offset: start)
  }

  private static func text(_ bytes: some Sequence<UInt8>, offset: Int) throws(JSONError) -> String {
    guard let text = String(validating: bytes, as: UTF8.self) else { throw .invalidUTF8(offset: offset) }
    return text
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
    case UInt8(ascii: "u"): append(try scalar(start), to: &decoded)
    default: throw .invalidEscape(offset: start)
    }
  }

  /// The scalar of one `\uXXXX`, or of two that are a pair.
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
    return "\u{FFFD}"
  }

  private mutating func hexadecimal(_ start: Int) throws(JSONError) -> UInt32 {
    var value: UInt32 = 0
    for _ in 0..<4 {
      let byte = try peek()
      let digit: UInt8
      switch byte {
      case UInt8(ascii: "0")...UInt8(ascii: "9"): digit = byte - UInt8(ascii: "0")
      case UInt8(ascii: "a")...UInt8(ascii: "f"): digit = byte - UInt8(ascii: "a") + 10
      case UInt8(ascii: "A")...UInt8(ascii: "F"): digit = byte - UInt8(ascii: "A") + 10
      default: throw .invalidEscape(offset: start)
      }
      value = value << 4 | UInt32(digit)
      index += 1
    }
    return value
  }

  private func append(_ scalar: Unicode.Scalar, to decoded: inout [UInt8]) {
    decoded.append(contentsOf: UTF8.encode(scalar) ?? UTF8.encodedReplacementCharacter)
  }
}
