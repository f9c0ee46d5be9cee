/// A record that is declared as a list of fields, from which both stores, export and import read and write it.
public protocol FieldedRecord: Sendable {
  /// An empty record, to be filled field by field.
  init()
  /// The columns of the record's own table, in the table's order.
  static var columns: [RecordField<Self>] { get }
  /// The columns of the table beside it.
  static var details: [RecordField<Self>] { get }
  static var fields: [RecordField<Self>] { get }
}

extension FieldedRecord {
  public static var details: [RecordField<Self>] { [] }
  public static var fields: [RecordField<Self>] { columns + details }
}

/// The value of a field that is not missing.
public enum FieldValue: Hashable, Sendable {
  case exact(ArchivedText)
  case text(String)
  case number(Int)
  case flag(Bool)
}

public enum FieldKind: Sendable {
  /// The row's id, byte for byte; derived where the row has none.
  case id
  /// A documented text column, byte for byte.
  case exact
  case text
  /// RFC 3339, UTC, milliseconds.
  case time
  /// A time; empty once it is over.
  case deadline
  case number
  case flag
}

public struct FieldTraits: OptionSet, Sendable {
  public let rawValue: Int
  public init(rawValue: Int) { self.rawValue = rawValue }

  /// Never changes: two records that differ in it are not the same.
  public static var fixed: FieldTraits { FieldTraits(rawValue: 1) }
  /// Agents are not shown it.
  public static var hidden: FieldTraits { FieldTraits(rawValue: 2) }
  /// An archived record without it does not erase it.
  public static var kept: FieldTraits { FieldTraits(rawValue: 4) }
  public static var required: FieldTraits { FieldTraits(rawValue: 8) }
}

/// A field of a record: its name, what it holds, and which property it is.
public struct RecordField<Record>: Sendable {
  /// The name in JSON.
  public let name: String
  public let column: String
  public let kind: FieldKind
  public let traits: FieldTraits
  private let get: @Sendable (Record) -> FieldValue?
  private let set: @Sendable (inout Record, FieldValue?) -> Void

  public func value(in record: Record) -> FieldValue? { get(record) }
  public func set(_ value: FieldValue?, in record: inout Record) { set(&record, value) }

  /// The same field of a record that contains this one.
  public func within<Outer>(_ path: any WritableKeyPath<Outer, Record> & Sendable) -> RecordField<Outer> {
    RecordField<Outer>(
      name: name, column: column, kind: kind, traits: traits,
      get: { [get] in get($0[keyPath: path]) }, set: { [set] in set(&$0[keyPath: path], $1) })
  }

  private init(
    name: String, column: String, kind: FieldKind, traits: FieldTraits, get: @escaping @Sendable (Record) -> FieldValue?,
    set: @escaping @Sendable (inout Record, FieldValue?) -> Void
  ) {
    (self.name, self.column, self.kind, self.traits, self.get, self.set) = (name, column, kind, traits, get, set)
  }
}

extension RecordField {
  public typealias Path<Value> = any WritableKeyPath<Record, Value> & Sendable

  public static func id(_ path: Path<ArchivedText>) -> RecordField {
    RecordField(
      name: "id", column: "id", kind: .id, traits: .required, get: { .exact($0[keyPath: path]) },
      set: { if case .exact(let id) = $1 { $0[keyPath: path] = id } })
  }

  public static func exact(_ name: String, _ path: Path<ArchivedText?>, _ traits: FieldTraits = .fixed) -> RecordField {
    RecordField(
      name: name, column: name, kind: .exact, traits: traits, get: { $0[keyPath: path].map(FieldValue.exact) },
      set: { if case .exact(let text) = $1 { $0[keyPath: path] = text } else { $0[keyPath: path] = nil } })
  }

  public static func text(_ name: String, column: String? = nil, _ path: Path<String?>, _ traits: FieldTraits = []) -> RecordField {
    text(name, column, .text, path, traits)
  }

  public static func time(_ name: String, _ path: Path<String?>, _ traits: FieldTraits = []) -> RecordField {
    text(name, nil, .time, path, traits)
  }

  public static func deadline(_ name: String, _ path: Path<String?>) -> RecordField { text(name, nil, .deadline, path, []) }

  private static func text(_ name: String, _ column: String?, _ kind: FieldKind, _ path: Path<String?>, _ traits: FieldTraits)
    -> RecordField
  {
    RecordField(
      name: name, column: column ?? name, kind: kind, traits: traits, get: { $0[keyPath: path].map(FieldValue.text) },
      set: { if case .text(let text) = $1 { $0[keyPath: path] = text } else { $0[keyPath: path] = nil } })
  }

  public static func required(_ name: String, _ path: Path<String>, kind: FieldKind = .text) -> RecordField {
    RecordField(
      name: name, column: name, kind: kind, traits: .required, get: { .text($0[keyPath: path]) },
      set: { if case .text(let text) = $1 { $0[keyPath: path] = text } })
  }

  public static func number(_ name: String, _ path: Path<Int?>) -> RecordField {
    RecordField(
      name: name, column: name, kind: .number, traits: [], get: { $0[keyPath: path].map(FieldValue.number) },
      set: { if case .number(let number) = $1 { $0[keyPath: path] = number } else { $0[keyPath: path] = nil } })
  }

  /// A number of which only counts that it is not 0.
  public static func nonzero(_ name: String, _ path: Path<Bool>) -> RecordField {
    RecordField(
      name: name, column: name, kind: .number, traits: [], get: { .number($0[keyPath: path] ? 1 : 0) },
      set: { if case .number(let number) = $1 { $0[keyPath: path] = number != 0 } else { $0[keyPath: path] = false } })
  }

  public static func flag(_ name: String, column: String? = nil, _ path: Path<Bool>) -> RecordField {
    RecordField(
      name: name, column: column ?? name, kind: .flag, traits: [], get: { $0[keyPath: path] ? .flag(true) : nil },
      set: { $0[keyPath: path] = $1 == .flag(true) })
  }
}
