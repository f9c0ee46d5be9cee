extension JSON {
  /// The value as compact UTF-8 text without a line end in it. Keys keep their order.
  ///
  /// U+2028 and U+2029 are escaped, because some readers take them for the end of a line, and U+007F to U+009F, because terminals act upon
  /// them like upon other control characters. NaN, which JSON does not have, is written as `null`.
  public func encoded() -> [UInt8] {
    var writer = JSONWriter()
    writer.write(self)
    return writer.bytes
  }
}

/// Appends JSON to bytes.
private struct JSONWriter {
  private(set) var bytes: [UInt8] = []

  mutating func write(_ value: JSON) {
    switch value {
    case .null: append("null")
    case .bool(let value): append(value ? "true" : "false")
    case .integer(let value): bytes += String(value).utf8
    case .number(let value) where value.isNaN: append("null")
    case .number(let value) where value.isInfinite: append(value < 0 ? "-1e999" : "1e999")
    case .number(let value): bytes += value.description.utf8
    case .string(let value), .brokenString(let value): write(string: value)
    case .array(let elements): write(elements, UInt8(ascii: "["), UInt8(ascii: "]")) { $0.write($1) }
    case .object(let object):
      write(object.members, UInt8(ascii: "{"), UInt8(ascii: "}")) { writer, member in
        writer.write(string: member.key)
        writer.bytes.append(UInt8(ascii: ":"))
        writer.write(member.value)
      }
    }
  }

  private mutating func write<Item>(
    _ items: [Item], _ open: UInt8, _ close: UInt8, _ write: (inout JSONWriter, Item) -> Void
  ) {
    bytes.append(open)
    for index in items.indices {
      if index > 0 { bytes.append(UInt8(ascii: ",")) }
      write(&self, items[index])
    }
    bytes.append(close)
  }

  private mutating func append(_ text: StaticString) { text.withUTF8Buffer { bytes += $0 } }

  private mutating func write(string: String) {
    var string = string
    bytes.append(UInt8(ascii: "\""))
    string.withUTF8 { text in
      var index = 0
      while index < text.count {
        let end = text[index...].firstIndex(where: Self.isSpecial) ?? text.count
        bytes += text[index..<end]
        index = end < text.count ? end + writeSpecial(text, at: end) : end
      }
    }
    bytes.append(UInt8(ascii: "\""))
  }

  private static func isSpecial(_ byte: UInt8) -> Bool {
    byte < 0x20 || byte == UInt8(ascii: "\"") || byte == UInt8(ascii: "\\") || byte == 0x7F || byte == 0xC2 || byte == 0xE2
  }

  /// Writes a sequence that needs escaping or checking; returns how many bytes it used.
  private mutating func writeSpecial(_ text: UnsafeBufferPointer<UInt8>, at index: Int) -> Int {
    let byte = text[index]
    switch byte {
    case UInt8(ascii: "\""): append("\\\"")
    case UInt8(ascii: "\\"): append("\\\\")
    case 0x0A: append("\\n")
    case 0x0D: append("\\r")
    case 0x09: append("\\t")
    case 0xC2 where index + 1 < text.count && text[index + 1] < 0xA0:
      writeControl(text[index + 1])
      return 2
    case 0xE2 where index + 2 < text.count && text[index + 1] == 0x80 && text[index + 2] & 0xFE == 0xA8:
      append(text[index + 2] == 0xA8 ? "\\u2028" : "\\u2029")
      return 3
    case 0..<0x20, 0x7F: writeControl(byte)
    default: bytes.append(byte)
    }
    return 1
  }

  /// A scalar below U+0100 by its number.
  private mutating func writeControl(_ scalar: UInt8) {
    bytes += "\\u00\(scalar < 16 ? "0" : "")\(String(scalar, radix: 16))".utf8
  }
}
