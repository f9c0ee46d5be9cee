import JSON

/// A field of a protocol object, and the revisions that know it: from its first on, until one that ended it.
struct WireField: Hashable, Sendable {
  let name: String
  private let first: Revision?
  private let last: Revision?

  /// - Parameters:
  ///   - first: nil for a field that is as old as the protocol.
  ///   - last: the last revision with the field; nil for a field that no revision has ended.
  init(_ name: String, since first: Revision? = nil, until last: Revision? = nil) {
    self.name = name
    self.first = first
    self.last = last
  }

  func isKnown(to revision: Revision) -> Bool {
    if let first, revision < first { return false }
    if let last, revision > last { return false }
    return true
  }
}

/// An object being written for one revision. There is no way to put into it a field that the revision does not know.
struct WireObject: Sendable {
  let revision: Revision
  private(set) var members: [(name: String, value: WireValue)] = []

  init(for revision: Revision) {
    self.revision = revision
  }

  /// Adds a field at the end, unless it has no value or the revision does not know it.
  mutating func set(_ field: WireField, _ value: WireValue?) {
    if let value, field.isKnown(to: revision) {
      members.append((field.name, value))
    }
  }

  mutating func set(_ field: WireField, _ value: JSON?) {
    set(field, value.map { .json($0) })
  }

  mutating func set(_ field: WireField, _ value: String?) {
    set(field, value.map { .json(.string($0)) })
  }
}

/// What a field may hold: a value, or bytes that are encoded already.
indirect enum WireValue: Sendable {
  case json(JSON)
  /// JSON text.
  case raw([UInt8])
  /// A string whose content these UTF-8 bytes are.
  case text([UInt8])
  case object(WireObject)
  case array([WireValue])
}

extension JSONWriter {
  mutating func write(_ value: WireValue) {
    switch value {
    case .json(let value): write(value)
    case .raw(let bytes): write(raw: bytes)
    case .text(let bytes): bytes.withUnsafeBufferPointer { write(utf8: $0) }
    case .object(let object): write(object)
    case .array(let elements):
      writeList(elements, open: "[", close: "]") { writer, element in writer.write(element) }
    }
  }

  mutating func write(_ object: WireObject) {
    writeList(object.members, open: "{", close: "}") { writer, member in
      writer.write(key: member.name)
      writer.write(member.value)
    }
  }
}

extension WireObject {
  func encoded() -> [UInt8] {
    var writer = JSONWriter()
    writer.write(self)
    return writer.bytes
  }
}
