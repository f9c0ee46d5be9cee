import JSON

/// A field of a protocol object: its value, and the revisions that know it.
struct WireField: Sendable {
  let name: String
  /// `nil` for a field that is left out.
  let value: JSON?
  private let first: Revision?
  private let last: Revision?

  /// - Parameters:
  ///   - first: nil for a field that is as old as the protocol.
  ///   - last: the last revision with the field; nil for a field that no revision has ended.
  init(_ name: String, _ value: JSON?, since first: Revision? = nil, until last: Revision? = nil) {
    (self.name, self.value, self.first, self.last) = (name, value, first, last)
  }

  init(_ name: String, _ text: String?, since first: Revision? = nil, until last: Revision? = nil) {
    self.init(name, text.map { JSON.string($0) }, since: first, until: last)
  }

  func isKnown(to revision: Revision) -> Bool {
    if let first, revision < first { return false }
    if let last, revision > last { return false }
    return true
  }
}

extension Revision {
  /// An object with those of the fields that the revision knows.
  func object(_ fields: WireField...) -> JSON { .object(object(fields)) }

  func object(_ fields: [WireField]) -> JSONObject {
    JSONObject(unique: fields.compactMap { field in field.isKnown(to: self) ? field.value.map { (field.name, $0) } : nil })
  }
}

/// Keys of `_meta` that the protocol reserves (2026-07-28 basic, _meta), and the token of progress.
enum MetaKey {
  private static let prefix = "io.modelcontextprotocol/"
  static let protocolVersion = prefix + "protocolVersion"
  static let clientInfo = prefix + "clientInfo"
  static let clientCapabilities = prefix + "clientCapabilities"
  static let serverInfo = prefix + "serverInfo"
  static let subscriptionID = prefix + "subscriptionId"
  static let progressToken = "progressToken"
}
