/// A checksum over records in their order: FNV-1a, 128 bits. It detects accidental differences.
public struct ArchiveDigest: Hashable, Sendable, CustomStringConvertible {
  private var hash: UInt128 = 0x6c62_272e_07bb_0142_62b8_2175_6295_c58d

  public init() {}

  private mutating func add(byte: UInt8) { hash = (hash ^ UInt128(byte)) &* 0x100_0000_0000_0000_0000_013b }

  /// Adds a value. A missing value differs from an empty one, and two values differ from their concatenation.
  public mutating func add(_ text: String?) {
    guard let text else { return add(byte: 0) }
    add(byte: 1)
    for shift in stride(from: 0, to: 64, by: 8) { add(byte: UInt8(truncatingIfNeeded: text.utf8.count >> shift)) }
    for byte in text.utf8 { add(byte: byte) }
  }

  /// 32 hexadecimal digits.
  public var description: String { hash.hexadecimal() }

  /// A UUID, version 8 (RFC 9562), derived from the digest.
  var uuid: String { UniqueID.uuid(hash, version: 8) }
}

/// Ids for rows without an id.
public enum DerivedID {
  /// The id of a row without one, equal in each run and for its copy.
  ///
  /// - Parameters:
  ///   - columns: the columns that never change, in the order of the table.
  ///   - occurrence: which of the rows without an id and with the same content it is, from 1, in the order of the table.
  public static func of(_ columns: [ArchivedText?], occurrence: Int) -> ArchivedText {
    var digest = ArchiveDigest()
    for column in columns { digest.add(column?.portable) }
    digest.add(String(occurrence))
    // More rounds, so that two occurrences differ in all digits.
    digest.add("a row without an id")
    return ArchivedText(digest.uuid)
  }

  /// Whether an id may be a derived one.
  public static func mayBe(_ id: ArchivedText) -> Bool { id.bytes.count == 36 && !id.isBlob && id.bytes[14] == UInt8(ascii: "8") }
}
