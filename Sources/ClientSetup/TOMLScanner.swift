import JSON

/// What is wrong with a line of a TOML text, and what to do, in one sentence for people.
struct TOMLError: Error, CustomStringConvertible {
  let description: String

  /// - Parameter fault: what the line does, as the rest of the sentence.
  init(at index: Int, in bytes: [UInt8], _ fault: String) {
    description = "Line \(bytes.prefix(index).count { $0 == 0x0A } + 1) \(fault)"
  }
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
  private var definitions = TOMLDefinitions()
  private static let depthLimit = 128

  private init(_ text: EditedText) { (bytes, index) = (text.bytes, text.markLength) }

  /// - Parameter name: of a table, which this is about.
  /// - Returns: the table of that name and those in it, behind the top level with the pairs that begin so.
  static func tables(_ name: String, in text: EditedText) throws(TOMLError) -> [TOMLTable] {
    var scanner = TOMLScanner(text)
    try scanner.checkCharacters()
    return try scanner.tables(name)
  }

  private mutating func tables(_ name: String) throws(TOMLError) -> [TOMLTable] {
    var tables = [TOMLTable(path: [], isElement: false, start: index, end: index)]
    var (current, isWanted) = (TOMLDefinitions.root, true)
    skipSpace(andLines: true)
    while index < bytes.count {
      let start = index
      if take("[") {
        let isElement = take("[")
        let path = try keys()
        try expect(isElement ? "]]" : "]")
        guard let node = definitions.begin(path, isElement: isElement) else { throw repetition(of: path, at: start) }
        current = node
        isWanted = path.first == name
        if isWanted { tables.append(TOMLTable(path: path, isElement: isElement, start: start, end: index)) }
      } else {
        let keys = try keys()
        guard let node = definitions.define(keys, in: current) else { throw repetition(of: keys, at: start) }
        try expect("=")
        skipSpace(andLines: false)
        let valueStart = index
        let value = try value(depth: 0, node)
        if isWanted, tables.count > 1 || keys.first == name {
          let pair = TOMLTable.Pair(keys: keys, value: value, whole: start..<index, valueRange: valueStart..<index)
          tables[tables.count - 1].pairs.append(pair)
          tables[tables.count - 1].end = index
        }
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
      if keys.count == Self.depthLimit { throw error }
      skipSpace(andLines: false)
      if startsWith("\"") || startsWith("'") {
        if isDelimiter(bytes[index]) { throw error }
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

  static func isBare(_ byte: UInt8) -> Bool {
    switch byte {
    case UInt8(ascii: "0")...UInt8(ascii: "9"), UInt8(ascii: "A")...UInt8(ascii: "Z"), UInt8(ascii: "a")...UInt8(ascii: "z"): true
    default: byte == UInt8(ascii: "-") || byte == UInt8(ascii: "_")
    }
  }

  /// - Parameter node: of the value, where it has a key.
  private mutating func value(depth: Int, _ node: Int?) throws(TOMLError) -> JSON {
    if depth > Self.depthLimit { throw error }
    if startsWith("\"") || startsWith("'") { return .string(try string()) }
    if take("[") {
      var elements: [JSON] = []
      skipSpace(andLines: true)
      while !take("]") {
        elements.append(try value(depth: depth + 1, nil))
        skipSpace(andLines: true)
        if !take(","), !startsWith("]") { throw error }
        skipSpace(andLines: true)
      }
      return .array(elements)
    }
    if take("{") {
      let table = node ?? definitions.element()
      var pairs: [(keys: ArraySlice<String>, value: JSON)] = []
      skipSpace(andLines: true)
      while !take("}") {
        let start = index
        let keys = try keys()
        guard let node = definitions.define(keys, in: table) else { throw repetition(of: keys, at: start) }
        try expect("=")
        skipSpace(andLines: false)
        pairs.append((keys[...], try value(depth: depth + 1, node)))
        skipSpace(andLines: true)
        if !take(","), !startsWith("}") { throw error }
        skipSpace(andLines: true)
      }
      return .object(JSONObject(pairs: pairs))
    }
    let start = index
    while index < bytes.count, !",]}#\r\n".utf8.contains(bytes[index]) { index += 1 }
    while index > start, bytes[index - 1] == 0x20 || bytes[index - 1] == 0x09 { index -= 1 }
    if !TOMLScalar.isValid(bytes[start..<index]) {
      throw TOMLError(
        at: start, in: bytes, "has a value that is none of TOML: put text in quotation marks, and begin no number with a zero.")
    }
    return .null
  }

  // MARK: Strings

  private mutating func string() throws(TOMLError) -> String {
    let start = index
    let quote = bytes[index]
    let isLong = isDelimiter(quote)
    index += isLong ? 3 : 1
    if isLong { _ = take("\r\n") || take("\n") }
    var decoded: [UInt8] = []
    while index < bytes.count {
      let byte = bytes[index]
      if byte == quote, !isLong || isDelimiter(quote) {
        index += isLong ? 3 : 1
        // Up to two quotation marks may stand before the delimiter.
        for _ in 0..<2 where isLong && index < bytes.count && bytes[index] == quote {
          decoded.append(quote)
          index += 1
        }
        return String(decoding: decoded, as: UTF8.self)
      }
      if !isLong, byte == 0x0A { break }
      index += 1
      if byte == UInt8(ascii: "\\"), quote == UInt8(ascii: "\"") {
        decoded += try escape(isLong)
      } else {
        decoded.append(byte)
      }
    }
    throw TOMLError(at: start, in: bytes, "begins a text that does not end: add the quotation marks behind it.")
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

  private func startsWith(_ text: StaticString) -> Bool {
    guard index + text.utf8CodeUnitCount <= bytes.count else { return false }
    for offset in 0..<text.utf8CodeUnitCount where bytes[index + offset] != text.utf8Start[offset] { return false }
    return true
  }

  private func isDelimiter(_ quote: UInt8) -> Bool {
    index + 2 < bytes.count && bytes[index] == quote && bytes[index + 1] == quote && bytes[index + 2] == quote
  }

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

  // MARK: Faults

  /// Control characters are allowed nowhere, and all bytes are UTF-8.
  private func checkCharacters() throws(TOMLError) {
    for (index, byte) in bytes.enumerated() where byte < 0x20 && byte != 0x09 && byte != 0x0A || byte == 0x7F {
      if byte != 0x0D {
        throw TOMLError(at: index, in: bytes, "holds a control character: write it as an escape, such as \\u001B, or remove it.")
      }
      if index + 1 == bytes.count || bytes[index + 1] != 0x0A {
        throw TOMLError(at: index, in: bytes, "holds a carriage return without a line feed: end lines with LF or CR LF.")
      }
    }
    if String(validating: bytes, as: UTF8.self) != nil { return }
    let line = bytes.split(separator: 0x0A, omittingEmptySubsequences: false).first { String(validating: $0, as: UTF8.self) == nil }
    throw TOMLError(at: line?.startIndex ?? 0, in: bytes, "is not UTF-8: save the file as UTF-8.")
  }

  private func repetition(of keys: [String], at start: Int) -> TOMLError {
    let name = keys.map { $0.isBareKey ? $0 : String(decoding: JSON.string($0).encoded(), as: UTF8.self) }.joined(separator: ".")
    return TOMLError(at: start, in: bytes, "defines \(name) a second time: join the two, or remove one.")
  }

  private var error: TOMLError {
    TOMLError(at: index, in: bytes, "is not valid TOML.")
  }
}

extension String {
  /// Whether TOML takes it for a key as it is.
  var isBareKey: Bool { !isEmpty && utf8.allSatisfy(TOMLScanner.isBare) }
}
