extension JSON {
  /// Decodes one JSON text in UTF-8, strictly by RFC 8259.
  ///
  /// - Arrays and objects may be nested 128 levels deep.
  /// - A key that occurs twice in an object is refused, because readers differ in which one counts.
  /// - A string with half of a surrogate pair is a ``brokenString(_:)``; in a key U+FFFD takes its place.
  /// - Numbers beyond 64 bits become doubles, those beyond a double infinite.
  public init(decoding bytes: [UInt8]) throws(JSONError) {
    self = try JSONParser.parse(bytes) { (parser) throws(JSONError) in try parser.document() }
  }

  /// Decodes the UTF-8 bytes of a string.
  public init(decoding text: String) throws(JSONError) {
    try self.init(decoding: Array(text.utf8))
  }
}

/// Why bytes are no JSON text: one sentence for people. Offsets count bytes from the first of the text.
public struct JSONError: Error, Hashable, Sendable, CustomStringConvertible {
  public let description: String
}

struct JSONParser {
  /// A member of an object, or an element of an array, and where it stands.
  struct Item {
    let key: String?
    /// From the key to the end of the value.
    let whole: Range<Int>
    let value: Range<Int>
  }

  private static let depthLimit = 128
  let bytes: UnsafeBufferPointer<UInt8>
  var index: Int
  /// Whether a string had half of a surrogate pair.
  var isBroken = false
  /// Whether comments, and commas behind the last item, are valid.
  let allowsComments: Bool

  static func parse<Value>(
    _ bytes: [UInt8], from index: Int = 0, allowsComments: Bool = false, _ body: (inout JSONParser) throws(JSONError) -> Value
  ) throws(JSONError) -> Value {
    let result = bytes.withUnsafeBufferPointer { buffer -> Result<Value, JSONError> in
      var parser = JSONParser(bytes: buffer, index: index, allowsComments: allowsComments)
      do throws(JSONError) { return .success(try body(&parser)) } catch { return .failure(error) }
    }
    return try result.get()
  }

  mutating func document() throws(JSONError) -> JSON {
    try skipSpace()
    let value = try value(depth: 0)
    try end()
    return value
  }

  /// The same without the value, which saves time and memory.
  mutating func skipDocument() throws(JSONError) {
    try skipSpace()
    try skipValue(depth: 0)
    try end()
  }

  private mutating func end() throws(JSONError) {
    try skipSpace()
    if index < bytes.count { throw JSONError(description: "Something follows the JSON text at offset \(index).") }
  }

  mutating func value(depth: Int) throws(JSONError) -> JSON {
    switch try peek() {
    case UInt8(ascii: "{"): return .object(try object(depth: depth + 1))
    case UInt8(ascii: "["): return .array(try array(depth: depth + 1))
    case UInt8(ascii: "\""):
      isBroken = false
      let text = try string()
      return isBroken ? .brokenString(text) : .string(text)
    case UInt8(ascii: "t"): return try literal("true", .bool(true))
    case UInt8(ascii: "f"): return try literal("false", .bool(false))
    case UInt8(ascii: "n"): return try literal("null", .null)
    case UInt8(ascii: "-"), UInt8(ascii: "0")...UInt8(ascii: "9"): return try number()
    default: throw unexpectedByte()
    }
  }

  mutating func skipValue(depth: Int) throws(JSONError) {
    switch try peek() {
    case UInt8(ascii: "{"):
      try forEachItem(until: UInt8(ascii: "}"), depth: depth + 1) { (parser) throws(JSONError) in
        if try parser.peek() != UInt8(ascii: "\"") { throw parser.unexpectedByte() }
        try parser.skipString()
        try parser.colon()
        try parser.skipValue(depth: depth + 1)
      }
    case UInt8(ascii: "["):
      try forEachItem(until: UInt8(ascii: "]"), depth: depth + 1) { (parser) throws(JSONError) in try parser.skipValue(depth: depth + 1) }
    case UInt8(ascii: "\""): try skipString()
    default: _ = try value(depth: depth)
    }
  }

  private mutating func object(depth: Int) throws(JSONError) -> JSONObject {
    var members: [(key: String, value: JSON)] = []
    // Of many keys only, because comparing a few is faster.
    var seen: Set<ExactText> = []
    try forEachItem(until: UInt8(ascii: "}"), depth: depth) { (parser) throws(JSONError) in
      let key = try parser.key()
      if members.count == 16 { seen = Set(members.map { ExactText($0.key) }) }
      if members.count < 16 ? members.contains(where: { ExactText.same($0.key, key) }) : !seen.insert(ExactText(key)).inserted {
        throw JSONError(description: "The key \"\(key.prefix(64))\" occurs twice in one JSON object.")
      }
      members.append((key, try parser.value(depth: depth)))
    }
    return JSONObject(unique: members)
  }

  private mutating func array(depth: Int) throws(JSONError) -> [JSON] {
    var elements: [JSON] = []
    try forEachItem(until: UInt8(ascii: "]"), depth: depth) { (parser) throws(JSONError) in
      elements.append(try parser.value(depth: depth))
    }
    return elements
  }

  /// The items of the array or object that begins here; none for another value.
  mutating func items() throws(JSONError) -> [Item] {
    var items: [Item] = []
    var seen: Set<ExactText> = []
    let open = try peek()
    let isObject = open == UInt8(ascii: "{")
    guard isObject || open == UInt8(ascii: "[") else { return [] }
    try forEachItem(until: UInt8(ascii: isObject ? "}" : "]"), depth: 1) { (parser) throws(JSONError) in
      let start = parser.index
      let key = isObject ? try parser.key() : nil
      if let key, !seen.insert(ExactText(key)).inserted {
        throw JSONError(description: "The key \"\(key.prefix(64))\" occurs twice in one JSON object.")
      }
      let valueStart = parser.index
      try parser.skipValue(depth: 1)
      items.append(Item(key: key, whole: start..<parser.index, value: valueStart..<parser.index))
    }
    return items
  }

  /// Goes from the opening byte of an array or object to behind its closing one.
  @inline(__always)
  private mutating func forEachItem(
    until close: UInt8, depth: Int, _ body: (inout JSONParser) throws(JSONError) -> Void
  ) throws(JSONError) {
    if depth > Self.depthLimit {
      throw JSONError(description: "The JSON text is nested deeper than \(Self.depthLimit) levels.")
    }
    index += 1
    try skipSpace()
    if try take(close) { return }
    while true {
      try body(&self)
      try skipSpace()
      if try take(close) { return }
      try expect(UInt8(ascii: ","))
      try skipSpace()
      if allowsComments, try take(close) { return }
    }
  }

  private mutating func key() throws(JSONError) -> String {
    if try peek() != UInt8(ascii: "\"") { throw unexpectedByte() }
    let key = try string()
    try colon()
    return key
  }

  private mutating func colon() throws(JSONError) {
    try skipSpace()
    try expect(UInt8(ascii: ":"))
    try skipSpace()
  }

  private mutating func number() throws(JSONError) -> JSON {
    let start = index
    var invalid: JSONError { JSONError(description: "The number at offset \(start) is not valid JSON.") }
    if bytes[index] == UInt8(ascii: "-") { index += 1 }
    let firstDigit = index
    let wholeDigits = skipDigits()
    if wholeDigits == 0 || (wholeDigits > 1 && bytes[firstDigit] == UInt8(ascii: "0")) { throw invalid }
    var isWhole = true
    if index < bytes.count, bytes[index] == UInt8(ascii: ".") {
      index += 1
      isWhole = false
      if skipDigits() == 0 { throw invalid }
    }
    if index < bytes.count, bytes[index] | 0x20 == UInt8(ascii: "e") {
      index += 1
      isWhole = false
      if index < bytes.count, bytes[index] == UInt8(ascii: "+") || bytes[index] == UInt8(ascii: "-") { index += 1 }
      if skipDigits() == 0 { throw invalid }
    }
    let text = String(decoding: bytes[start..<index], as: UTF8.self)
    if isWhole, text != "-0", let value = Int64(text) { return .integer(value) }
    guard let value = Double(text) else { throw invalid }
    return .number(value)
  }

  private mutating func skipDigits() -> Int {
    let start = index
    while index < bytes.count, bytes[index] &- UInt8(ascii: "0") < 10 { index += 1 }
    return index - start
  }

  private mutating func literal(_ text: String, _ value: JSON) throws(JSONError) -> JSON {
    for byte in text.utf8 { try expect(byte) }
    return value
  }

  /// Skips comments, too, where they are valid.
  mutating func skipSpace() throws(JSONError) {
    while index < bytes.count, Self.isSpace(bytes[index]) || (allowsComments && bytes[index] == UInt8(ascii: "/")) {
      if bytes[index] == UInt8(ascii: "/") { try skipComment() } else { index += 1 }
    }
  }

  private mutating func skipComment() throws(JSONError) {
    index += 1
    if try take(UInt8(ascii: "/")) {
      while index < bytes.count, bytes[index] != 0x0A, bytes[index] != 0x0D { index += 1 }
      return
    }
    try expect(UInt8(ascii: "*"))
    while true {
      let isStar = try take(UInt8(ascii: "*"))
      if isStar, try take(UInt8(ascii: "/")) { return }
      if !isStar { index += 1 }
    }
  }

  static func isSpace(_ byte: UInt8) -> Bool {
    byte == 0x20 || byte == 0x09 || byte == 0x0A || byte == 0x0D
  }

  func peek() throws(JSONError) -> UInt8 {
    guard index < bytes.count else { throw JSONError(description: "The JSON text ends too early.") }
    return bytes[index]
  }

  private mutating func take(_ byte: UInt8) throws(JSONError) -> Bool {
    if try peek() != byte { return false }
    index += 1
    return true
  }

  private mutating func expect(_ byte: UInt8) throws(JSONError) {
    if try !take(byte) { throw unexpectedByte() }
  }

  private func unexpectedByte() -> JSONError {
    JSONError(description: "The JSON text has an unexpected byte 0x\(String(bytes[index], radix: 16)) at offset \(index).")
  }
}
