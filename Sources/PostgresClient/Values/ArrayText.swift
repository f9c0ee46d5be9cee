/// The text form of one-dimensional arrays (PostgreSQL manual, "Array Input and Output Syntax").
enum ArrayText {
  static func encode(_ values: [Int64]) -> String { "{" + values.map(String.init).joined(separator: ",") + "}" }

  static func encode(_ values: [String?]) -> String { "{" + values.map { $0.map(quote) ?? "NULL" }.joined(separator: ",") + "}" }

  private static func quote(_ value: String) -> String {
    var text = [UInt8(ascii: "\"")]
    for byte in value.utf8 {
      if byte == UInt8(ascii: "\"") || byte == UInt8(ascii: "\\") { text.append(UInt8(ascii: "\\")) }
      text.append(byte)
    }
    return String(decoding: text + [UInt8(ascii: "\"")], as: UTF8.self)
  }

  /// The elements, nil for NULL; nil when it is not a one-dimensional array with the default bounds.
  static func decode(_ text: some Sequence<UInt8>) -> [String?]? {
    var bytes = text.makeIterator()
    guard bytes.next() == UInt8(ascii: "{") else { return nil }
    var elements: [String?] = []
    var element: [UInt8] = []
    var (isQuoted, isInQuotes) = (false, false)
    while let byte = bytes.next() {
      switch byte {
      case UInt8(ascii: "\\"):
        guard let escaped = bytes.next() else { return nil }
        element.append(escaped)
      case UInt8(ascii: "\""):
        guard isInQuotes || element.isEmpty && !isQuoted else { return nil }
        (isQuoted, isInQuotes) = (true, !isInQuotes)
      case _ where isInQuotes: element.append(byte)
      case UInt8(ascii: "{"): return nil
      case UInt8(ascii: ","), UInt8(ascii: "}"):
        let isEnd = byte == UInt8(ascii: "}")
        if isEnd, elements.isEmpty, element.isEmpty, !isQuoted { return bytes.next() == nil ? [] : nil }
        guard isQuoted || !element.isEmpty else { return nil }
        let value = String(decoding: element, as: UTF8.self)
        elements.append(isQuoted || value != "NULL" ? value : nil)
        if isEnd { return bytes.next() == nil ? elements : nil }
        (element, isQuoted) = ([], false)
      default: element.append(byte)
      }
    }
    return nil
  }
}
