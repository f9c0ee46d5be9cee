/// The bytes of a text with changes, which still knows what of it is old.
public struct EditedText: Sendable {
  public struct Change: Sendable {
    /// In the original.
    public let removed: Range<Int>
    public let inserted: [UInt8]
  }

  private enum Piece {
    /// Bytes of the original.
    case old(Range<Int>)
    /// So many other bytes.
    case new(Int)

    var count: Int {
      switch self {
      case .old(let range): range.count
      case .new(let count): count
      }
    }

    func part(_ range: Range<Int>) -> Piece {
      switch self {
      case .old(let old): .old((old.lowerBound + range.lowerBound)..<(old.lowerBound + range.upperBound))
      case .new: .new(range.count)
      }
    }
  }

  public let original: [UInt8]
  public private(set) var bytes: [UInt8]
  private var pieces: [Piece]

  public init(_ bytes: [UInt8]) {
    (original, self.bytes, pieces) = (bytes, bytes, [.old(0..<bytes.count)])
  }

  public var isChanged: Bool { bytes.count != original.count || bytes != original }

  public mutating func replace(_ range: Range<Int>, by new: [UInt8]) {
    bytes.replaceSubrange(range, with: new)
    var (before, after): ([Piece], [Piece]) = ([], [])
    var start = 0
    for piece in pieces {
      let end = start + piece.count
      if start < range.lowerBound { before.append(piece.part(0..<(min(end, range.lowerBound) - start))) }
      if end > range.upperBound { after.append(piece.part((max(start, range.upperBound) - start)..<piece.count)) }
      start = end
    }
    pieces = before + [.new(new.count)] + after
  }

  /// From the beginning to the end.
  public var changes: [Change] {
    var changes: [Change] = []
    var (position, old, inserted) = (0, 0, [UInt8]())
    for piece in pieces + [.old(original.count..<original.count)] {
      switch piece {
      case .new(let count): inserted += bytes[position..<(position + count)]
      case .old(let range):
        if range.lowerBound > old || !inserted.isEmpty { changes.append(Change(removed: old..<range.lowerBound, inserted: inserted)) }
        (old, inserted) = (range.upperBound, [])
      }
      position += piece.count
    }
    return changes
  }

  // MARK: The style of the text

  /// What ends its lines.
  public var lineEnd: [UInt8] {
    guard let end = bytes.firstIndex(of: 0x0A), end > 0, bytes[end - 1] == 0x0D else { return [0x0A] }
    return [0x0D, 0x0A]
  }

  /// The length of a byte order mark in front of it.
  public var markLength: Int { bytes.starts(with: [0xEF, 0xBB, 0xBF]) ? 3 : 0 }
}
