import JSON

/// Why a text is no TOML, in one sentence for people.
struct TOMLError: Error, CustomStringConvertible {
  let description: String
}

/// A table of a TOML text, and where it stands.
struct TOMLTable {
  struct Pair {
    let keys: [String]
    let value: JSON
    /// From the key to the end of the value.
    let whole: Range<Int>
    let valueRange: Range<Int>
  }

  let path: [String]
  /// `[[path]]`
  let isElement: Bool
  let start: Int
  /// Behind the header, or the last pair.
  var end: Int
  var pairs: [Pair] = []
}

/// Finds the tables and pairs of a TOML 1.0 text. Values that are neither strings, nor made of them, become null.
struct TOMLScanner {
  private let bytes: [UInt8]
  private var index: Int
  private static let depthLimit = 128

  /// - Returns: the top level first.
  static func tables(of text: EditedText) throws(TOMLError) -> [TOMLTable] {
    var scanner = TOMLScanner(bytes: text.bytes, index: text.markLength)
    return try scanner.tables()
  }

  private mutating func tables() throws(TOMLError) -> [TOMLTable] {
    var tables = [TOMLTable(path: [], isElement: false, start: index, end: index)]
    skipSpace(andLines: true)
    while index < bytes.count {
      let start = index
      if take("[") {
        let isElement = take("[")
        let path = try keys()
        try expect(isElement ? "]]" : "]")
        tables.append(TOMLTable(path: path, isElement: isElement, start: start, end: index))
      } else {
        let keys = try keys()
        try expect("=")
        skipSpace(andLines: false)
        let valueStart = index
        let value = try value(depth: 0)
        let pair = TOMLTable.Pair(keys: keys, value: value, whole: start..<index, valueRange: valueStart..<index)
        tables[tables.count - 1].pairs.append(pair)
        tables[tables.count - 1].end = index
      }
      skipSpace(andLines: false)
      if index < bytes.count, bytes[index] != 0x0A, bytes[index] != 0x0D { throw error }
      skipSpace(andLines: true)
    }
    return tables
  }

  private mutating func keys() throws(TOMLError) -> [String] {
    var keys: [String] = []
    repeat {
      skipSpace(andLines: false)
      if startsWith("\"") || startsWith("'") {
        keys.append(try string())
      } else {
        let start = index
        while index < bytes.count, Self.isBare(bytes[index]) { index += 1 }
        if start == index { throw error }
        keys.append(String(decoding: bytes[start..<index], as: UTF8.self))
      }
      skipSpace(andLines: false)
    } while take(".")
    return keys
  }

  private static func isBare(_ byte: UInt8) -> Bool {
    switch byte {
    case UInt8(ascii: "0")...UInt8(ascii: "9"), UInt8(ascii: "A")...UInt8(ascii: "Z"), UInt8(ascii: "a")...UInt8(ascii: "z"): true
    default: byte == UInt8(ascii: "-") || byte == UInt8(ascii: "_")
    }
  }

  private mutating func value(depth: Int) throws(TOMLError) -> JSON {
    if depth > Self.depthLimit { throw error }
    if startsWith("\"") || startsWith("'") { return .string(try string()) }
    if take("[") {
      var elements: [JSON] = []
      skipSpace(andLines: true)
      while !take("]") {
        elements.append(try value(depth: depth + 1))
        skipSpace(andLines: true)
        if !take(","), !startsWith("]") { throw error }
        skipSpace(andLines: true)
      }
      return .array(elements)
    }
    if take("{") {
      var object: JSONObject = [:]
      skipSpace(andLines: true)
      while !take("}") {
        let keys = try keys()
        try expect("=")
        skipSpace(andLines: false)
        object.set(keys, to: try value(depth: depth + 1))
        skipSpace(andLines: true)
        if !take(","), !startsWith("}") { throw error }
        skipSpace(andLines: true)
      }
      return .object(object)
    }
    let start = index
    while index < bytes.count, !",]}#\r\n".utf8.contains(bytes[index]) { index += 1 }
    while index > start, bytes[index - 1] == 0x20 || bytes[index - 1] == 0x09 { index -= 1 }
    // Only a date has a blank in it.
    let blank = bytes[start..<index].firstIndex { $0 == 0x20 || $0 == 0x09 }
    if start == index || (blank != nil && blank != start + 10) { throw error }
    return .null
  }

  // MARK: Strings

  private mutating func string() throws(TOMLError) -> String {
    let quote = bytes[index]
    let delimiter = [UInt8](repeating: quote, count: 3)
    let isLong = bytes[index...].starts(with: delimiter)
    index += isLong ? 3 : 1
    if isLong { _ = take("\r\n") || take("\n") }
    var decoded: [UInt8] = []
    while index < bytes.count {
      let byte = bytes[index]
      if byte == quote, !isLong || bytes[index...].starts(with: delimiter) {
        index += isLong ? 3 : 1
        // Up to two quotation marks may stand before the delimiter.
        while isLong, index < bytes.count, bytes[index] == quote {
          decoded.append(quote)
          index += 1
        }
        return String(decoding: decoded, as: UTF8.self)
      }
      if !isLong, byte == 0x0A { throw error }
      index += 1
      if byte == UInt8(ascii: "\\"), quote == UInt8(ascii: "\"") {
        decoded += try escape(isLong)
      } else {
        decoded.append(byte)
      }
    }
    throw error
  }

  private mutating func escape(_ isLong: Bool) throws(TOMLError) -> [UInt8] {
    guard index < bytes.count else { throw error }
    let kind = bytes[index]
    index += 1
    switch kind {
    case UInt8(ascii: "b"): return [0x08]
    case UInt8(ascii: "t"): return [0x09]
    case UInt8(ascii: "n"): return [0x0A]
    case UInt8(ascii: "f"): return [0x0C]
    case UInt8(ascii: "r"): return [0x0D]
    case UInt8(ascii: "e"): return [0x1B]
    case UInt8(ascii: "\""), UInt8(ascii: "\\"): return [kind]
    case UInt8(ascii: "x"): return try scalar(2)
    case UInt8(ascii: "u"): return try scalar(4)
    case UInt8(ascii: "U"): return try scalar(8)
    case 0x20, 0x09, 0x0D, 0x0A:
      guard isLong else { throw error }
      while index < bytes.count, [0x20, 0x09, 0x0D, 0x0A].contains(bytes[index]) { index += 1 }
      return []
    default: throw error
    }
  }

  private mutating func scalar(_ digits: Int) throws(TOMLError) -> [UInt8] {
    let end = min(index + digits, bytes.count)
    let text = String(decoding: bytes[index..<end], as: UTF8.self)
    guard let number = UInt32(text, radix: 16), let scalar = Unicode.Scalar(number) else { throw error }
    index = end
    return Array(String(scalar).utf8)
  }

  // MARK: Bytes

  private func startsWith(_ text: StaticString) -> Bool { text.withUTF8Buffer { bytes[index...].starts(with: $0) } }

  private mutating func take(_ text: StaticString) -> Bool {
    guard startsWith(text) else { return false }
    index += text.utf8CodeUnitCount
    return true
  }

  private mutating func expect(_ text: StaticString) throws(TOMLError) {
    if !take(text) { throw error }
  }

  private mutating func skipSpace(andLines: Bool) {
    while index < bytes.count {
      switch bytes[index] {
      case 0x20, 0x09: index += 1
      case 0x0D where andLines, 0x0A where andLines: index += 1
      case UInt8(ascii: "#"): while index < bytes.count, bytes[index] != 0x0A { index += 1 }
      default: return
      }
    }
  }

  private var error: TOMLError {
    TOMLError(description: "Line \(bytes.prefix(index).count { $0 == 0x0A } + 1) is not valid TOML.")
  }
}

extension JSONObject {
  /// Sets a member of a member, and makes the objects on the way.
  mutating func set(_ keys: [String], to value: JSON) {
    guard let key = keys.first else { return }
    if keys.count == 1 {
      self[key] = value
      return
    }
    var inner = self[key]?.objectValue ?? [:]
    inner.set(Array(keys.dropFirst()), to: value)
    self[key] = .object(inner)
  }
}
