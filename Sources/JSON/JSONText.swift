/// The text of a JSON file, changed in places: everything else in it stays byte for byte as it was.
public struct JSONText: Sendable {
  public enum Step: Sendable {
    case key(String)
    case index(Int)
  }

  public private(set) var bytes: [UInt8]
  public private(set) var value: JSON
  private var root: JSONTextNode
  private let indentation: [UInt8]
  private let lineEnd: [UInt8]

  /// - Throws: `JSONError`. A text of nothing but space counts as an empty object.
  public init(_ bytes: [UInt8]) throws(JSONError) {
    let isBlank = bytes.allSatisfy { [0x20, 0x09, 0x0A, 0x0D].contains($0) }
    self.bytes = isBlank ? Array("{}\n".utf8) : bytes
    value = try JSON(decoding: self.bytes)
    root = JSONTextNode.of(self.bytes)
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

  /// Puts a value at the end of a path of keys; objects on the way are made where they are missing.
  ///
  /// - Throws: `JSONPathError` where something else than an object is in the way.
  public mutating func set(_ keys: [String], to new: JSON) throws {
    var node = root
    for (depth, key) in keys.enumerated() {
      guard case .object(let members) = node.kind else {
        throw JSONPathError(path: Array(keys[..<depth]), expected: "an object")
      }
      guard let member = members.first(where: { $0.key == key }) else {
        let rest = keys[(depth + 1)...].reversed().reduce(new) { .object(JSONObject([($1, $0)])) }
        var line = JSON.string(key).encoded() + Array(": ".utf8)
        line += render(rest, depth: depth + 1)
        return try insert(line, into: node, items: members.map(\.whole), depth: depth)
      }
      node = member.value
    }
    try replace(node.range, by: render(new, depth: keys.count))
  }

  /// Adds an element to the array at a path, which is made where it is missing.
  public mutating func append(_ new: JSON, to keys: [String]) throws {
    guard let node = find(keys.map { .key($0) }) else { return try set(keys, to: .array([new])) }
    guard case .array(let elements) = node.kind else {
      throw JSONPathError(path: keys, expected: "an array")
    }
    try insert(render(new, depth: keys.count + 1), into: node, items: elements.map(\.range), depth: keys.count)
  }

  /// Removes a member or an element with the comma that belongs to it.
  public mutating func remove(_ path: [Step]) throws {
    guard let last = path.last, let parent = find(Array(path.dropLast())) else { return }
    let (items, index) = parent.items(at: last)
    guard let index else { return }
    var range = items[index]
    if items.count == 1 {
      range = (parent.range.lowerBound + 1)..<(parent.range.upperBound - 1)
    } else if index == 0 {
      range = range.lowerBound..<items[1].lowerBound
    } else {
      range = items[index - 1].upperBound..<range.upperBound
    }
    try replace(range, by: [])
  }

  private func find(_ path: [Step]) -> JSONTextNode? {
    var node: JSONTextNode? = root
    for step in path {
      switch (step, node?.kind) {
      case (.key(let key), .object(let members)?): node = members.first { $0.key == key }?.value
      case (.index(let index), .array(let elements)?): node = elements.indices.contains(index) ? elements[index] : nil
      default: node = nil
      }
    }
    return node
  }

  private mutating func insert(_ item: [UInt8], into node: JSONTextNode, items: [Range<Int>], depth: Int) throws {
    let inside = lineEnd + repeated(depth + 1)
    guard let last = items.last else {
      let inner = (node.range.lowerBound + 1)..<(node.range.upperBound - 1)
      return try replace(inner, by: inside + item + lineEnd + repeated(depth))
    }
    // What stands in one line stays in one line.
    let isBroken = bytes[node.range.lowerBound..<items[0].lowerBound].contains(0x0A)
    try replace(last.upperBound..<last.upperBound, by: Array(",".utf8) + (isBroken ? inside : Array(" ".utf8)) + item)
  }

  private mutating func replace(_ range: Range<Int>, by new: [UInt8]) throws {
    bytes.replaceSubrange(range, with: new)
    value = try JSON(decoding: bytes)
    root = JSONTextNode.of(bytes)
  }

  private func repeated(_ depth: Int) -> [UInt8] { Array(repeatElement(indentation, count: depth).joined()) }

  private func render(_ value: JSON, depth: Int) -> [UInt8] {
    func list(_ items: [[UInt8]], _ open: Character, _ close: Character) -> [UInt8] {
      if items.isEmpty { return Array("\(open)\(close)".utf8) }
      let separator = Array(",".utf8) + lineEnd + repeated(depth + 1)
      return Array(String(open).utf8) + lineEnd + repeated(depth + 1) + Array(items.joined(separator: separator)) + lineEnd
        + repeated(depth) + Array(String(close).utf8)
    }
    switch value {
    case .object(let object):
      return list(
        object.members.map { JSON.string($0.key).encoded() + Array(": ".utf8) + render($0.value, depth: depth + 1) }, "{", "}")
    case .array(let elements) where elements.contains { $0.objectValue != nil || $0.arrayValue != nil }:
      return list(elements.map { render($0, depth: depth + 1) }, "[", "]")
    case .array(let elements):
      return Array("[".utf8) + Array(elements.map { $0.encoded() }.joined(separator: Array(", ".utf8))) + Array("]".utf8)
    default: return value.encoded()
    }
  }

  /// The space before the first member; two blanks where there is none.
  private static func indentation(of bytes: [UInt8]) -> [UInt8] {
    guard let open = bytes.firstIndex(of: UInt8(ascii: "{")), let line = bytes[open...].firstIndex(of: 0x0A) else {
      return Array("  ".utf8)
    }
    let space = bytes[(line + 1)...].prefix { $0 == 0x20 || $0 == 0x09 }
    return space.isEmpty || space.count > 16 ? Array("  ".utf8) : Array(space)
  }
}

/// Something else than what a path needs stands in a JSON text.
public struct JSONPathError: Error, Hashable, Sendable, CustomStringConvertible {
  public let path: [String]
  public let expected: String

  public var description: String { "\"\(path.joined(separator: "."))\" is not \(expected)" }
}
