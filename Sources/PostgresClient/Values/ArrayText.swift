/// The text form of one-dimensional arrays (PostgreSQL manual, "Array Input and Output Syntax").
enum ArrayText {
  static func encode(_ values: [Int64]) -> String { "{" + values.map(String.init).joined(separator: ",") + "}" }

  static func encode(_ values: [String]) -> String { encode(values.map(Optional.some)) }

  static func encode(_ values: [String?]) -> String {
    var text: [UInt8] = [UInt8(ascii: "{")]
    for (index, value) in values.enumerated() {
      if index > 0 { text.append(UInt8(ascii: ",")) }
      guard let value else {
        text.append(contentsOf: "NULL".utf8)
        continue
      }
      text.append(UInt8(ascii: "\""))
      for byte in value.utf8 {
        if byte == UInt8(ascii: "\"") || byte == UInt8(ascii: "\\") { text.append(UInt8(ascii: "\\")) }
        text.append(byte)
      }
      text.append(UInt8(ascii: "\""))
    }
    text.append(UInt8(ascii: "}"))
    return String(decoding: text, as: UTF8.self)
  }

  /// The elements, nil for NULL; nil when it is not a one-dimensional array with the default bounds.
  static func decode(_ text: some Sequence<UInt8>) -> [String?]? {
    var reader = Reader(bytes: Array(text))
    return reader.read()
  }

  private struct Reader {
    let bytes: [UInt8]
    var position = 0

    mutating func read() -> [String?]? {
      guard take(UInt8(ascii: "{")) else { return nil }
      var elements: [String?] = []
      if take(UInt8(ascii: "}")) { return position == bytes.count ? elements : nil }
      repeat {
        guard let element = element() else { return nil }
        elements.append(element)
      } while take(UInt8(ascii: ","))
      guard take(UInt8(ascii: "}")), position == bytes.count else { return nil }
      return elements
    }

    private mutating func take(_ byte: UInt8) -> Bool {
      guard position < bytes.count, bytes[position] == byte else { return false }
      position += 1
      return true
    }

    /// The outer nil is malformed text.
    private mutating func element() -> String?? {
      if take(UInt8(ascii: "\"")) { return quoted().map(Optional.some) }
      var content: [UInt8] = []
      while position < bytes.count, bytes[position] != UInt8(ascii: ","), bytes[position] != UInt8(ascii: "}") {
        guard bytes[position] != UInt8(ascii: "{"), bytes[position] != UInt8(ascii: "\"") else { return nil }
        if bytes[position] == UInt8(ascii: "\\") { position += 1 }
        guard position < bytes.count else { return nil }
        content.append(bytes[position])
        position += 1
      }
      guard !content.isEmpty else { return nil }
      let value = String(decoding: content, as: UTF8.self)
      return .some(value == "NULL" ? nil : value)
    }

    private mutating func quoted() -> String? {
      var content: [UInt8] = []
      while position < bytes.count {
        let byte = bytes[position]
        position += 1
        if byte == UInt8(ascii: "\"") { return String(decoding: content, as: UTF8.self) }
        if byte != UInt8(ascii: "\\") {
          content.append(byte)
        } else if position < bytes.count {
          content.append(bytes[position])
          position += 1
        }
      }
      return nil
    }
  }
}
