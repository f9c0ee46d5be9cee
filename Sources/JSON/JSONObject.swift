/// The members of a JSON object, in order. Equal objects have the same members in any order.
public struct JSONObject: Sendable {
  public private(set) var members: [(key: String, value: JSON)]

  public init() {
    members = []
  }

  /// Of members with one key the last counts.
  public init(_ members: [(String, JSON)]) {
    self.members = []
    self.members.reserveCapacity(members.count)
    for (key, value) in members {
      self[key] = value
    }
  }

  /// For callers that have made sure that no key occurs twice.
  public init(unique members: [(key: String, value: JSON)]) {
    self.members = members
  }

  public var count: Int { members.count }
  public var isEmpty: Bool { members.isEmpty }
  public var keys: [String] { members.map(\.key) }

  /// A new member is put at the end; setting `nil` removes the member.
  public subscript(key: String) -> JSON? {
    get { members.first { ExactText.same($0.key, key) }?.value }
    set {
      let index = members.firstIndex { ExactText.same($0.key, key) }
      switch (index, newValue) {
      case (let index?, let value?): members[index].value = value
      case (let index?, nil): members.remove(at: index)
      case (nil, let value?): members.append((key, value))
      case (nil, nil): break
      }
    }
  }

  /// These members with those of another object, which win where both have a key.
  public func merging(_ other: JSONObject) -> JSONObject {
    var merged = self
    for (key, value) in other.members {
      merged[key] = value
    }
    return merged
  }
}

extension JSONObject: ExpressibleByDictionaryLiteral {
  public init(dictionaryLiteral elements: (String, JSON)...) {
    self.init(elements)
  }
}

extension JSONObject: Hashable {
  public static func == (left: JSONObject, right: JSONObject) -> Bool {
    if left.count != right.count { return false }
    return left.members.allSatisfy { right[$0.key] == $0.value }
  }

  public func hash(into hasher: inout Hasher) {
    for key in keys.sorted() {
      hasher.combine(key)
      hasher.combine(self[key])
    }
  }
}
