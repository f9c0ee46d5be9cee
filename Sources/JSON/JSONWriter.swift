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
public struct JSONWriter {
  public private(set) var bytes: [UInt8] = []

  public init() {}

  public mutating func write(_ value: JSON) {
    switch value {
    case .null: write(raw: "null")
    case .bool(let value): write(raw: value ? "true" : "false")
    case .integer(let value): write(integer: value)
    case .number(let value): write(number: value)
    case .string(let value): write(string: value)
    case .array(let elements):
      writeList(elements, open: "[", close: "]") { writer, element in writer.write(element) }
    case .object(let object):
      writeList(object.members, open: "{", close: "}") { writer, member in
        writer.write(key: member.key)
        writer.write(member.value)
      }
    }
  }

  public mutating func writeList<Elements: Collection>(
    _ elements: Elements, open: Unicode.Scalar, close: Unicode.Scalar, _ write: (inout JSONWriter, Elements.Element) -> Void
  ) {
    bytes.append(UInt8(ascii: open))
    var isFirst = true
    for element in elements {
      if !isFirst { bytes.append(UInt8(ascii: ",")) }
      isFirst = false
      write(&self, element)
    }
    bytes.append(UInt8(ascii: close))
  }

  public mutating func write(key: String) {
    write(string: key)
    bytes.append(UInt8(ascii: ":"))
  }

  public mutating func write(integer: Int64) {
    bytes.append(contentsOf: String(integer).utf8)
  }

  public mutating func write(number: Double) {
    if number.isFinite {
      bytes.append(contentsOf: number.description.utf8)
    } else if number.isNaN {
      write(raw: "null")
    } else {
      write(raw: number < 0 ? "-1e999" : "1e999")
    }
  }

  /// Bytes that are JSON already, or a part of it.
  public mutating func write(raw: some Sequence<UInt8>) {
    bytes.append(contentsOf: raw)
  }

  public mutating func write(raw: StaticString) {
    raw.withUTF8Buffer { bytes.append(contentsOf: $0) }
  }

  public mutating func write(string: String) {
    var string = string
    string.withUTF8 { write(utf8: $0) }
  }

  /// A string with the given content.
  public mutating func write(utf8 text: UnsafeBufferPointer<UInt8>) {
    bytes.append(UInt8(ascii: "\""))
    var index = 0
    while true {
      let end = TextScanner.endOfTextToCopy(in: text, from: index)
      if end > index { bytes.append(contentsOf: UnsafeBufferPointer(rebasing: text[index..<end])) }
      if end == text.count { break }
      index = end + writeSpecial(text, at: end)
    }
    bytes.append(UInt8(ascii: "\""))
  }

  /// Writes a sequence that needs escaping or checking; returns how many bytes it used.
  private mutating func writeSpecial(_ text: UnsafeBufferPointer<UInt8>, at index: Int) -> Int {
    let byte = text[index]
    switch byte {
    case UInt8(ascii: "\""), UInt8(ascii: "\\"): writeEscape(byte)
    case 0x0A: writeEscape(UInt8(ascii: "n"))
    case 0x0D: writeEscape(UInt8(ascii: "r"))
    case 0x09: writeEscape(UInt8(ascii: "t"))
    case 0xC2 where index + 1 < text.count && text[index + 1] < 0xA0:
      writeControl(text[index + 1])
      return 2
    case 0xE2 where index + 2 < text.count && text[index + 1] == 0x80 && text[index + 2] & 0xFE == 0xA8:
      write(raw: text[index + 2] == 0xA8 ? "\\u2028" : "\\u2029")
      return 3
    case 0..<0x20, 0x7F: writeControl(byte)
    default: bytes.append(byte)
    }
    return 1
  }

  /// A scalar below U+0100 by its number.
  private mutating func writeControl(_ scalar: UInt8) {
    write(raw: "\\u00")
    bytes.append(hexadecimalDigit(scalar >> 4))
    bytes.append(hexadecimalDigit(scalar & 15))
  }

  private mutating func writeEscape(_ byte: UInt8) {
    bytes.append(UInt8(ascii: "\\"))
    bytes.append(byte)
  }

  private func hexadecimalDigit(_ value: UInt8) -> UInt8 {
    value < 10 ? UInt8(ascii: "0") + value : UInt8(ascii: "a") + value - 10
  }
}
