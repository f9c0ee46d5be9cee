/// Why bytes are no JSON text. Offsets count bytes from the first of the text.
public enum JSONError: Error, Hashable, Sendable {
  case unexpectedEnd
  case unexpectedByte(UInt8, offset: Int)
  case invalidUTF8(offset: Int)
  case controlCharacter(offset: Int)
  case invalidEscape(offset: Int)
  case invalidNumber(offset: Int)
  case tooDeep(limit: Int)
  case duplicateKey(String)
  case trailingBytes(offset: Int)
}

extension JSONError: CustomStringConvertible {
  /// One sentence for people.
  public var description: String {
    switch self {
    case .unexpectedEnd: "The JSON text ends too early."
    case .unexpectedByte(let byte, let offset): "The JSON text has an unexpected byte 0x\(String(byte, radix: 16)) at offset \(offset)."
    case .invalidUTF8(let offset): "The string at offset \(offset) is not valid UTF-8."
    case .controlCharacter(let offset): "The string has a control character at offset \(offset), which must be escaped."
    case .invalidEscape(let offset): "The string has an invalid escape at offset \(offset)."
    case .invalidNumber(let offset): "The number at offset \(offset) is not valid JSON."
    case .tooDeep(let limit): "The JSON text is nested deeper than \(limit) levels."
    case .duplicateKey(let key): "The key \"\(key.prefix(64))\" occurs twice in one JSON object."
    case .trailingBytes(let offset): "Something follows the JSON text at offset \(offset)."
    }
  }
}
