/// The text of a JSON file, edited in places: everything else in it stays byte for byte as it was, comments and a byte order mark included.
public struct JSONText: Sendable {
  public enum Step: Sendable {
    case key(String)
    case index(Int)
  }

  public private(set) var text: EditedText
  private let allowsComments: Bool
  private let indentation: [UInt8]
  private let lineEnd: [UInt8]

  /// - Parameter allowsComments: whether comments, and commas behind the last item, are valid.
  /// - Throws: `JSONError`. A text of nothing but space counts as an empty object.
  public init(_ text: EditedText, allowsComments: Bool = false) throws(JSONError) {
    self.text = text
    self.allowsComments = allowsComments
    lineEnd = text.lineEnd
    indentation = Self.indentation(of: text.bytes)
    if !isBlank { try parse(from: text.markLength) { (parser) throws(JSONError) in try parser.skipDocument() } }
  }

  public init(_ bytes: [UInt8], allowsComments: Bool = false) throws(JSONError) {
    try self.init(EditedText(bytes), allowsComments: allowsComments)
  }

  public var bytes: [UInt8] { text.bytes }

  /// The value at a path; nil where there is none.
  public subscript(path: [Step]) -> JSON? {
    guard let range = try? find(path) else { return nil }
    return try? parse(from: range.lowerBound) { (parser) throws(JSONError) in try parser.value(depth: 0) }
  }

  /// Puts a value at the end of a path of keys. Objects on the way are made if they are missing.
  ///
  /// - Throws: `JSONPathError` if something other than an object is in the way.
  public mutating func set(_ keys: [String], to new: JSON) throws {
    fillIfBlank()
    var (range, whole) = (root, root)
    for (depth, key) in keys.enumerated() {
      guard bytes[range.lowerBound] == UInt8(ascii: "{") else { throw JSONPathError(path: Array(keys[..<depth]), expected: "an object") }
      guard let member = try items(in: range).first(where: { $0.key == key }) else {
        let value = keys[(depth + 1)...].reversed().reduce(new) { .object(JSONObject([($1, $0)])) }
        return try insert(key, value, in: range, depth: depth)
      }
      (range, whole) = (member.value, member.whole)
    }
    // With its key, so that the change can be read.
    let value = render(new, depth: keys.count, onOneLine: isDense && !bytes[range].contains(0x0A))
    text.replace(whole, by: bytes[whole.lowerBound..<range.lowerBound] + value)
  }

  /// Adds an element to the array at a path, which is made if it is missing.
  ///
  /// - Throws: `JSONPathError` if something other than an array is there.
  public mutating func append(_ new: JSON, to keys: [String]) throws {
    guard let range = try find(keys.map { .key($0) }) else { return try set(keys, to: .array([new])) }
    guard bytes[range.lowerBound] == UInt8(ascii: "[") else { throw JSONPathError(path: keys, expected: "an array") }
    try insert(nil, new, in: range, depth: keys.count)
  }

  /// Removes a member or an element with the comma that belongs to it.
  public mutating func remove(_ path: [Step]) throws {
    guard let last = path.last, let parent = try find(Array(path.dropLast())) else { return }
    let items = try items(in: parent)
    guard let index = index(of: last, in: items) else { return }
    let comma = try comma(behind: items[index])
    let inside = (parent.lowerBound + 1)..<(parent.upperBound - 1)
    let range = items[index].whole.lowerBound..<(comma.map { $0 + 1 } ?? items[index].whole.upperBound)
    if isSpace(inside.lowerBound..<range.lowerBound), isSpace(range.upperBound..<inside.upperBound) {
      return text.replace(inside, by: [])
    }
    let previous = try index > 0 ? self.comma(behind: items[index - 1]) : nil
    text.replace(withSpace(range, hasComma: comma != nil), by: [])
    // The last one has no comma behind it, so the one before must go.
    if comma == nil, let previous { text.replace(previous..<(previous + 1), by: []) }
  }

  /// Removes a member if it is an empty object or array.
  public mutating func removeIfEmpty(_ keys: [String]) throws {
    let value = self[keys.map { .key($0) }]
    guard value?.objectValue?.isEmpty == true || value?.arrayValue?.isEmpty == true else { return }
    guard let range = try find(keys.map { .key($0) }), isSpace((range.lowerBound + 1)..<(range.upperBound - 1)) else { return }
    try remove(keys.map { .key($0) })
  }

  // MARK: Places

  private var isBlank: Bool { isSpace(text.markLength..<bytes.count) }

  private mutating func fillIfBlank() {
    if isBlank { text.replace(text.markLength..<bytes.count, by: Array("{}".utf8) + lineEnd) }
  }

  private var root: Range<Int> {
    let range = try? parse(from: text.markLength) { (parser) throws(JSONError) in
      try parser.skipSpace()
      let start = parser.index
      // Without comments, nothing follows but space.
      if !parser.allowsComments { return start..<((bytes.lastIndex { !JSONParser.isSpace($0) } ?? start) + 1) }
      try parser.skipValue(depth: 0)
      return start..<parser.index
    }
    return range ?? 0..<0
  }

  private func find(_ path: [Step]) throws(JSONError) -> Range<Int>? {
    if isBlank { return nil }
    var range = root
    for step in path {
      let items = try items(in: range)
      guard let index = index(of: step, in: items) else { return nil }
      range = items[index].value
    }
    return range
  }

  private func items(in range: Range<Int>) throws(JSONError) -> [JSONParser.Item] {
    try parse(from: range.lowerBound) { (parser) throws(JSONError) in try parser.items() }
  }

  private func index(of step: Step, in items: [JSONParser.Item]) -> Int? {
    switch step {
    case .key(let key): items.firstIndex { $0.key == key }
    case .index(let index): items.indices.contains(index) && items[index].key == nil ? index : nil
    }
  }

  private func comma(behind item: JSONParser.Item) throws(JSONError) -> Int? {
    try parse(from: item.whole.upperBound) { (parser) throws(JSONError) in
      try parser.skipSpace()
      return try parser.peek() == UInt8(ascii: ",") ? parser.index : nil
    }
  }

  private func isSpace(_ range: Range<Int>) -> Bool { bytes[range].allSatisfy(JSONParser.isSpace) }

  private func parse<Value>(
    from index: Int, _ body: (inout JSONParser) throws(JSONError) -> Value
  ) throws(JSONError) -> Value {
    try JSONParser.parse(bytes, from: index, allowsComments: allowsComments, body)
  }

  /// Behind the comments that follow on the line; the place itself if there are none.
  private func endOfComments(from place: Int) -> Int {
    var (index, end) = (place, place)
    while allowsComments, index < bytes.count {
      let rest = bytes[index...]
      if bytes[index] == 0x20 || bytes[index] == 0x09 {
        index += 1
      } else if rest.starts(with: "//".utf8) {
        let line = rest.prefix { $0 != 0x0A && $0 != 0x0D }
        return line.endIndex
      } else if rest.starts(with: "/*".utf8), let close = rest.indices.dropFirst(2).first(where: { bytes[$0...].starts(with: "*/".utf8) }) {
        if bytes[index..<close].contains(0x0A) { break }
        index = close + 2
        end = index
      } else {
        break
      }
    }
    return end
  }

  /// An item with the line that it fills, or with the blanks that separate it from the next one.
  private func withSpace(_ range: Range<Int>, hasComma: Bool) -> Range<Int> {
    let isBlank = { (byte: UInt8) in byte == 0x20 || byte == 0x09 }
    let start = bytes[..<range.lowerBound].lastIndex { !isBlank($0) }.map { $0 + 1 } ?? 0
    let end = bytes[range.upperBound...].firstIndex { !isBlank($0) } ?? bytes.count
    let fillsLine = start > 0 && bytes[start - 1] == 0x0A && end < bytes.count && (bytes[end] == 0x0A || bytes[end] == 0x0D)
    if fillsLine { return (start > 1 && bytes[start - 2] == 0x0D ? start - 2 : start - 1)..<end }
    return hasComma ? range.lowerBound..<end : start..<range.upperBound
  }

  // MARK: Changes

  private mutating func insert(_ key: String?, _ value: JSON, in range: Range<Int>, depth: Int) throws {
    let items = try items(in: range)
    guard let first = items.first, let last = items.last else {
      let content = bytes[(range.lowerBound + 1)..<(range.upperBound - 1)]
      let end = content.lastIndex { !JSONParser.isSpace($0) }.map { $0 + 1 } ?? content.startIndex
      let item = newLine(depth + 1) + render(key, value, depth: depth + 1, onOneLine: false) + newLine(depth)
      return text.replace(end..<content.endIndex, by: item)
    }
    // What is on one line stays on one line.
    let isBroken = bytes[range.lowerBound..<first.whole.lowerBound].contains(0x0A)
    let item = render(key, value, depth: depth + 1, onOneLine: !isBroken)
    let comma = try comma(behind: last)
    let end = comma.map { $0 + 1 } ?? last.whole.upperBound
    let place = isBroken ? endOfComments(from: end) : end
    let space = isBroken ? newLine(depth + 1) : Array((isDense ? "" : " ").utf8)
    text.replace(place..<place, by: space + item + Array((comma == nil ? "" : ",").utf8))
    if comma == nil { text.replace(last.whole.upperBound..<last.whole.upperBound, by: Array(",".utf8)) }
  }

  /// Whether no blank follows the first colon.
  private var isDense: Bool {
    bytes.firstIndex(of: UInt8(ascii: ":")).map { $0 + 1 < bytes.count && !JSONParser.isSpace(bytes[$0 + 1]) } ?? false
  }

  private func newLine(_ depth: Int) -> [UInt8] { lineEnd + repeatElement(indentation, count: depth).joined() }

  private func render(_ key: String?, _ value: JSON, depth: Int, onOneLine: Bool) -> [UInt8] {
    let key = key.map { JSON.string($0).encoded() + Array((onOneLine && isDense ? ":" : ": ").utf8) } ?? []
    return key + render(value, depth: depth, onOneLine: onOneLine)
  }

  private func render(_ value: JSON, depth: Int, onOneLine: Bool) -> [UInt8] {
    let blank = onOneLine && isDense ? "" : " "
    func list(_ items: [[UInt8]], _ open: String, _ close: String) -> [UInt8] {
      if onOneLine { return Array(open.utf8) + Array(items.joined(separator: Array(",\(blank)".utf8))) + Array(close.utf8) }
      if items.isEmpty { return Array((open + close).utf8) }
      let separator = Array(",".utf8) + newLine(depth + 1)
      return Array(open.utf8) + newLine(depth + 1) + Array(items.joined(separator: separator)) + newLine(depth) + Array(close.utf8)
    }
    switch value {
    case .object(let object): return list(object.members.map { render($0.key, $0.value, depth: depth + 1, onOneLine: onOneLine) }, "{", "}")
    case .array(let elements) where elements.contains { $0.objectValue != nil || $0.arrayValue != nil }:
      return list(elements.map { render($0, depth: depth + 1, onOneLine: onOneLine) }, "[", "]")
    case .array(let elements):
      return Array("[".utf8) + Array(elements.map { $0.encoded() }.joined(separator: Array(",\(blank)".utf8))) + Array("]".utf8)
    default: return value.encoded()
    }
  }

  /// The space before the first member; two blanks if there is none.
  private static func indentation(of bytes: [UInt8]) -> [UInt8] {
    guard let open = bytes.firstIndex(of: UInt8(ascii: "{")), let line = bytes[open...].firstIndex(of: 0x0A) else {
      return Array("  ".utf8)
    }
    let space = bytes[(line + 1)...].prefix { $0 == 0x20 || $0 == 0x09 }
    return space.isEmpty || space.count > 16 ? Array("  ".utf8) : Array(space)
  }
}

/// A path in a JSON text leads to something other than what is needed there.
public struct JSONPathError: Error, Hashable, Sendable, CustomStringConvertible {
  public let path: [String]
  public let expected: String

  public var description: String { path.isEmpty ? "It is not \(expected)" : "\"\(path.joined(separator: "."))\" is not \(expected)" }
}
