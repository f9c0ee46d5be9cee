import JSON

/// What the keys of a TOML text stand for so far. None may be defined twice.
struct TOMLDefinitions {
  private enum Kind {
    case value
    /// A table with a header of its own.
    case table
    /// A table that only headers of tables in it, or dotted keys, have named.
    case implied, dotted
    /// `[[path]]`
    case list(last: Int)
  }

  private struct Place: Hashable {
    let table: Int
    let key: ExactText
  }

  private var kinds: [Kind] = [.table]
  private var nodes: [Place: Int] = [:]

  /// The top level.
  static let root = 0

  /// The table that a header begins; nil where its name is taken.
  mutating func begin(_ path: [String], isElement: Bool) -> Int? {
    var node = Self.root
    for (index, key) in path.enumerated() {
      let place = Place(table: node, key: ExactText(key))
      let isLast = index == path.count - 1
      guard let next = nodes[place] else {
        node = add(isLast ? .table : .implied)
        nodes[place] = isLast && isElement ? add(.list(last: node)) : node
        continue
      }
      switch kinds[next] {
      case .list where isLast && isElement:
        node = add(.table)
        kinds[next] = .list(last: node)
      case .implied where isLast && !isElement:
        node = next
        kinds[next] = .table
      case .list(let last) where !isLast: node = last
      case .table where !isLast, .implied where !isLast, .dotted where !isLast: node = next
      default: return nil
      }
    }
    return node
  }

  /// A value in a table, which may be a table itself; nil where its name is taken.
  mutating func define(_ keys: [String], in table: Int) -> Int? {
    var node = table
    for (index, key) in keys.enumerated() {
      let place = Place(table: node, key: ExactText(key))
      let isLast = index == keys.count - 1
      if let next = nodes[place] {
        guard case .dotted = kinds[next], !isLast else { return nil }
        node = next
      } else {
        node = add(isLast ? .value : .dotted)
        nodes[place] = node
      }
    }
    return node
  }

  /// A value without a key.
  mutating func element() -> Int { add(.value) }

  private mutating func add(_ kind: Kind) -> Int {
    kinds.append(kind)
    return kinds.count - 1
  }
}

extension JSONObject {
  /// The object that pairs with dotted keys make.
  init(pairs: [(keys: ArraySlice<String>, value: JSON)]) {
    var places: [ExactText: Int] = [:]
    var groups: [[(keys: ArraySlice<String>, value: JSON)]] = []
    for pair in pairs {
      guard let key = pair.keys.first else { continue }
      let place = places[ExactText(key)] ?? groups.count
      if place == groups.count {
        places[ExactText(key)] = place
        groups.append([])
      }
      groups[place].append(pair)
    }
    self.init(
      unique: groups.map { group in
        if let value = group.last(where: { $0.keys.count == 1 })?.value { return (group[0].keys.first ?? "", value) }
        return (group[0].keys.first ?? "", .object(JSONObject(pairs: group.map { ($0.keys.dropFirst(), $0.value) })))
      })
  }
}
