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

  public var exact: ArchivedText? { if case .exact(let text) = self { text } else { nil } }
  public var text: String? { if case .text(let text) = self { text } else { nil } }
  public var number: Int? { if case .number(let number) = self { number } else { nil } }
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
      name: name, column: column, kind: kind, traits: traits, get: { [get] in get($0[keyPath: path]) },
      set: { [set] in set(&$0[keyPath: path], $1) })
  }

  private init(
    name: String, column: String, kind: FieldKind, traits: FieldTraits, get: @escaping @Sendable (Record) -> FieldValue?,
    set: @escaping @Sendable (inout Record, FieldValue?) -> Void
  ) {
    (self.name, self.column, self.kind, self.traits, self.get, self.set) = (name, column, kind, traits, get, set)
  }

  private init<Value>(
    _ name: String, _ kind: FieldKind, _ path: Path<Value>, column: String? = nil, traits: FieldTraits = [],
    get: @escaping @Sendable (Value) -> FieldValue?, set: @escaping @Sendable (FieldValue?) -> Value?
  ) {
    (self.name, self.column, self.kind, self.traits) = (name, column ?? name, kind, traits)
    self.get = { get($0[keyPath: path]) }
    self.set = { record, value in if let value = set(value) { record[keyPath: path] = value } }
  }
}

extension RecordField {
  public typealias Path<Value> = any WritableKeyPath<Record, Value> & Sendable

  public static func id(_ path: Path<ArchivedText>) -> RecordField {
    RecordField("id", .id, path, traits: .required, get: { .exact($0) }, set: { $0?.exact })
  }

  public static func exact(_ name: String, _ path: Path<ArchivedText?>, _ traits: FieldTraits = .fixed) -> RecordField {
    RecordField(name, .exact, path, traits: traits, get: { $0.map(FieldValue.exact) }, set: { .some($0?.exact) })
  }

  public static func text(
    _ name: String, column: String? = nil, _ path: Path<String?>, _ traits: FieldTraits = [], kind: FieldKind = .text
  ) -> RecordField {
    RecordField(name, kind, path, column: column, traits: traits, get: { $0.map(FieldValue.text) }, set: { .some($0?.text) })
  }

  public static func time(_ name: String, _ path: Path<String?>, _ traits: FieldTraits = []) -> RecordField {
    text(name, path, traits, kind: .time)
  }

  public static func deadline(_ name: String, _ path: Path<String?>) -> RecordField { text(name, path, kind: .deadline) }

  public static func required(_ name: String, _ path: Path<String>, kind: FieldKind = .text) -> RecordField {
    RecordField(name, kind, path, traits: .required, get: { .text($0) }, set: { $0?.text })
  }

  public static func number(_ name: String, _ path: Path<Int?>) -> RecordField {
    RecordField(name, .number, path, get: { $0.map(FieldValue.number) }, set: { .some($0?.number) })
  }

  /// A number that is either 0 or not.
  public static func nonzero(_ name: String, _ path: Path<Bool>) -> RecordField {
    RecordField(name, .number, path, get: { .number($0 ? 1 : 0) }, set: { ($0?.number ?? 0) != 0 })
  }

  public static func flag(_ name: String, column: String? = nil, _ path: Path<Bool>) -> RecordField {
    RecordField(name, .flag, path, column: column, get: { $0 ? .flag(true) : nil }, set: { $0 == .flag(true) })
  }
}
