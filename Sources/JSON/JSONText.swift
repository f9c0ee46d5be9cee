/// The text of a JSON file, edited in places: everything else in it stays byte for byte as it was.
public struct JSONText: Sendable {
  public enum Step: Sendable {
    case key(String)
    case index(Int)
  }

  public private(set) var bytes: [UInt8]
  public private(set) var value: JSON
  private let indentation: [UInt8]
  private let lineEnd: [UInt8]

  /// - Throws: `JSONError`. A text of nothing but space counts as an empty object.
  public init(_ bytes: [UInt8]) throws(JSONError) {
    let isBlank = bytes.allSatisfy(JSONParser.isSpace)
    self.bytes = isBlank ? Array("{}\n".utf8) : bytes
    value = try JSON(decoding: self.bytes)
    lineEnd = self.bytes.contains(0x0D) ? [0x0D, 0x0A] : [0x0A]
    indentation = Self.indentation(of: self.bytes)
  }

  public var text: String { String(decoding: bytes, as: UTF8.self) }

  public subscript(path: [Step]) -> JSON? {
    var found: JSON? = value
    for step in path {
      switch step {
      case .key(let key): found = found?[key]
      case .index(let index): found = found?.arrayValue.flatMap { $0.indices.contains(index) ? $0[index] : nil }
      }
    }
    return found
  }

  /// Puts a value at the end of a path of keys. Objects on the way are made if they are missing.
  ///
  /// - Throws: `JSONPathError` if something other than an object is in the way.
  public mutating func set(_ keys: [String], to new: JSON) throws {
    var range = root
    for (depth, key) in keys.enumerated() {
      guard bytes[range.lowerBound] == UInt8(ascii: "{") else { throw JSONPathError(path: Array(keys[..<depth]), expected: "an object") }
      let members = try items(in: range)
      guard let member = members.first(where: { $0.key == key }) else {
        let value = keys[(depth + 1)...].reversed().reduce(new) { .object(JSONObject([($1, $0)])) }
        return try insert(render(key, value, depth: depth + 1), behind: members, in: range, depth: depth)
      }
      range = member.value
    }
    try replace(range, by: render(new, depth: keys.count))
  }

  /// Adds an element to the array at a path, which is made if it is missing.
  ///
  /// - Throws: `JSONPathError` if something other than an array is there.
  public mutating func append(_ new: JSON, to keys: [String]) throws {
    guard let range = try find(keys.map { .key($0) }) else { return try set(keys, to: .array([new])) }
    guard bytes[range.lowerBound] == UInt8(ascii: "[") else { throw JSONPathError(path: keys, expected: "an array") }
    try insert(render(new, depth: keys.count + 1), behind: items(in: range), in: range, depth: keys.count)
  }

  /// Removes a member or an element with the comma that belongs to it.
  public mutating func remove(_ path: [Step]) throws {
    guard let last = path.last, let parent = try find(Array(path.dropLast())) else { return }
    let items = try items(in: parent)
    guard let index = index(of: last, in: items) else { return }
    var range = items[index].whole
    if items.count == 1 {
      range = (parent.lowerBound + 1)..<(parent.upperBound - 1)
    } else if index == 0 {
      range = range.lowerBound..<items[1].whole.lowerBound
    } else {
      range = items[index - 1].whole.upperBound..<range.upperBound
    }
    try replace(range, by: [])
  }

  // MARK: Places

  private var root: Range<Int> {
    let isText = { (byte: UInt8) in !JSONParser.isSpace(byte) }
    return (bytes.firstIndex(where: isText) ?? 0)..<((bytes.lastIndex(where: isText) ?? -1) + 1)
  }

  private func find(_ path: [Step]) throws(JSONError) -> Range<Int>? {
    var range = root
    for step in path {
      let items = try items(in: range)
      guard let index = index(of: step, in: items) else { return nil }
      range = items[index].value
    }
    return range
  }

  private func items(in range: Range<Int>) throws(JSONError) -> [JSONParser.Item] {
    try JSONParser.parse(bytes, from: range.lowerBound) { (parser) throws(JSONError) in try parser.items() }
  }

  private func index(of step: Step, in items: [JSONParser.Item]) -> Int? {
    switch step {
    case .key(let key): items.firstIndex { $0.key == key }
    case .index(let index): items.indices.contains(index) && items[index].key == nil ? index : nil
    }
  }

  // MARK: Changes

  private mutating func insert(_ item: [UInt8], behind items: [JSONParser.Item], in range: Range<Int>, depth: Int) throws {
    guard let first = items.first, let last = items.last else {
      return try replace((range.lowerBound + 1)..<(range.upperBound - 1), by: newLine(depth + 1) + item + newLine(depth))
    }
    // What is on one line stays on one line.
    let isBroken = bytes[range.lowerBound..<first.whole.lowerBound].contains(0x0A)
    let place = last.whole.upperBound
    try replace(place..<place, by: Array(",".utf8) + (isBroken ? newLine(depth + 1) : Array(" ".utf8)) + item)
  }

  private mutating func replace(_ range: Range<Int>, by new: [UInt8]) throws {
    bytes.replaceSubrange(range, with: new)
    value = try JSON(decoding: bytes)
  }

  private func newLine(_ depth: Int) -> [UInt8] { lineEnd + repeatElement(indentation, count: depth).joined() }

  private func render(_ key: String, _ value: JSON, depth: Int) -> [UInt8] {
    JSON.string(key).encoded() + Array(": ".utf8) + render(value, depth: depth)
  }

  private func render(_ value: JSON, depth: Int) -> [UInt8] {
    func list(_ items: [[UInt8]], _ open: String, _ close: String) -> [UInt8] {
      if items.isEmpty { return Array((open + close).utf8) }
      let separator = Array(",".utf8) + newLine(depth + 1)
      return Array(open.utf8) + newLine(depth + 1) + Array(items.joined(separator: separator)) + newLine(depth) + Array(close.utf8)
    }
    switch value {
    case .object(let object): return list(object.members.map { render($0.key, $0.value, depth: depth + 1) }, "{", "}")
    case .array(let elements) where elements.contains { $0.objectValue != nil || $0.arrayValue != nil }:
      return list(elements.map { render($0, depth: depth + 1) }, "[", "]")
    case .array(let elements):
      return Array("[".utf8) + Array(elements.map { $0.encoded() }.joined(separator: Array(", ".utf8))) + Array("]".utf8)
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

  public var description: String { "\"\(path.joined(separator: "."))\" is not \(expected)" }
}
