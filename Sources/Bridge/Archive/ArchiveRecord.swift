/// A row of a documented table with what belongs to it, as it is carried from one store to another.
public protocol ArchiveRecord: FieldedRecord, Equatable {
  static var tables: RecordTables { get }
  /// The parts of a record that a lease can cover.
  static var leaseItems: [LeaseItem] { get }
  /// The stored id; for a row without one, an id that is derived from its content.
  var id: ArchivedText { get set }
  var sender: ArchivedText? { get }
  var recipient: ArchivedText? { get }
  var createdAt: ArchivedText? { get }
  var idempotencyKey: String? { get set }
  /// The agent that the details name: idempotency keys are unique for each agent.
  var keyOwner: ArchivedText? { get }
  /// Whether a key is unique for its owner and a recipient, not for its owner alone: a message to everybody is one to each, with the same key.
  static var hasKeyForEachRecipient: Bool { get }
  var events: [ArchivedEvent] { get set }
  /// Whether anything is stored beside the documented columns.
  var hasDetails: Bool { get }
  /// Whether an agent has to be woken for it.
  var isNews: Bool { get }
  /// Puts the record into the state that it has if the reply under a lease never arrives.
  mutating func giveBack(_ item: LeaseItem)
  /// This record of the target, with the newer state of its counterpart at the source.
  func merged(with source: Self) -> Self
}

/// The names of the tables of a record, the same in both stores.
public struct RecordTables: Hashable, Sendable {
  public let name: String
  public let details: String
  /// The column of the details that names the record.
  public let id: String
  /// The table of the record's history.
  public var events: String?

  /// The alias of the table in a statement; that of the details is `d`.
  public var alias: String { String(name.prefix(1)) }
}

/// What a lease can cover.
public enum LeaseItem: String, Sendable {
  case message
  case assigneeNews = "assignee"
  case creatorNews = "creator"
}

extension ArchivedMessage {
  /// Messages have no history.
  public var events: [ArchivedEvent] {
    get { [] }
    set {}
  }
}

extension ArchiveRecord {
  /// The id in the form that every store can hold: two records with one key are counterparts. Case counts, as it does in the tables.
  public var key: ArchivedText { ArchivedText(id.portableID) }

  /// The columns that never change.
  public static var fixedColumns: [RecordField<Self>] { columns.filter { $0.traits.contains(.fixed) } }

  /// The columns that change: the state.
  public static var stateColumns: [RecordField<Self>] { columns.filter { $0.kind != .id && !$0.traits.contains(.fixed) } }

  /// Whether all fixed columns are equal. If not, one id names two different records.
  public func isSame(as other: Self) -> Bool {
    Self.columns.allSatisfy { !$0.traits.contains(.fixed) || ($0.value(in: self)?.exact).isSame(as: $0.value(in: other)?.exact) }
  }

  /// Whether these are also the same bytes. Where not, one store holds as text what the other one holds as a blob, or with a NUL.
  func isSpelled(as other: Self) -> Bool {
    id == other.id && Self.fixedColumns.allSatisfy { $0.value(in: self)?.exact == $0.value(in: other)?.exact }
  }

  /// Whether the source has a newer state of the same record.
  public func isBehind(_ source: Self) -> Bool { self != source && isSame(as: source) && merged(with: source) != self }

  /// Derives the id of a row that has none.
  ///
  /// - Parameter occurrence: which of the rows without an id and with the same content this is, from 1, in the order of the table.
  public mutating func deriveID(occurrence: Int) {
    id = DerivedID.of(Self.fixedColumns.map { $0.value(in: self)?.exact }, occurrence: occurrence)
  }

  /// Bytes of the texts that can be long.
  public var size: Int {
    let texts = Self.columns.reduce(0) { $0 + ($1.value(in: self)?.exact?.bytes.count ?? 0) }
    return events.reduce(texts) { $0 + ($1.note?.utf8.count ?? 0) }
  }

  /// Adds columns and state in the form that every store can hold.
  public func digest(into digest: inout ArchiveDigest) {
    for field in Self.fields { digest.add(field.value(in: self), as: field.kind) }
    for event in events { for field in ArchivedEvent.fields { digest.add(field.value(in: event), as: field.kind) } }
  }
}

extension ArchiveDigest {
  /// Stores differ in the numbers that they can hold, so all numbers but zero count as equal.
  fileprivate mutating func add(_ value: FieldValue?, as kind: FieldKind) {
    switch value {
    case .exact(let text): add(kind == .id ? text.portableID : text.portable)
    case .text(let text): add(text)
    case .number(let number): add(number == 0 ? nil : "1")
    case .flag(let flag): add(flag ? "1" : nil)
    case nil: add(nil)
    }
  }
}

/// A page of the records of a store, in their order.
public struct ArchivePage<Record: Sendable>: Sendable {
  public var records: [Record]
  /// The position after which the next page begins; nil at the end.
  public var next: Int64?

  public init(records: [Record], next: Int64?) {
    self.records = records
    self.next = next
  }
}

/// A record of a store and its row there.
public struct StoredRecord<Record: ArchiveRecord>: Sendable {
  public var row: Int64
  public var record: Record
  /// False if the record's id was derived.
  public var hasID: Bool
  /// Whether the row itself has to be written, and not only its details.
  public var changesState = false

  public init(row: Int64, record: Record, hasID: Bool) {
    (self.row, self.record, self.hasID) = (row, record, hasID)
  }
}

/// What a store has to write to hold all that a page of another store holds.
public struct ArchivePlan<Record: ArchiveRecord>: Sendable {
  public private(set) var missing: [Record] = []
  /// The merged records. A row without an id has no details.
  public private(set) var changes: [StoredRecord<Record>] = []

  /// - Parameter present: the counterparts in the store, by key. A different record under the same key is left alone.
  public init(_ records: [Record], present: [ArchivedText: StoredRecord<Record>]) {
    for record in Self.unique(records) {
      guard var stored = present[record.key] else {
        missing.append(record)
        continue
      }
      guard stored.record.isBehind(record) else { continue }
      let merged = stored.record.merged(with: record)
      stored.changesState = Record.stateColumns.contains { $0.value(in: merged) != $0.value(in: stored.record) }
      stored.record = merged
      changes.append(stored)
    }
  }

  /// The first of each key.
  public static func unique(_ records: [Record]) -> [Record] {
    var seen = Set<ArchivedText>()
    return records.filter { seen.insert($0.key).inserted }
  }

  /// Whether an agent has to be woken.
  public var isNews: Bool { missing.contains(where: \.isNews) || changes.contains(where: \.record.isNews) }
}

/// The result of writing a page.
public struct ArchiveOutcome: Hashable, Sendable {
  public var added = 0
  /// Existing records that got a newer state.
  public var updated = 0
  /// Records that were written without their idempotency key, because another record of the target has it.
  public var keysTaken = 0

  public init() {}

  public static func += (left: inout Self, right: Self) {
    left.added += right.added
    left.updated += right.updated
    left.keysTaken += right.keysTaken
  }
}

/// The size of a store, in records.
public struct ArchiveTotals: Hashable, Sendable {
  public var messages: Int
  public var tasks: Int
  public var agents: Int

  public init(messages: Int, tasks: Int, agents: Int) {
    (self.messages, self.tasks, self.agents) = (messages, tasks, agents)
  }
}
