/// A value of a documented text column, byte for byte: a hand-written row can hold a NUL, bytes that are not UTF-8, or a blob.
public struct ArchivedText: Hashable, Sendable {
  public var bytes: [UInt8]
  /// SQLite stores it as a blob.
  public var isBlob: Bool

  public init(bytes: [UInt8], isBlob: Bool = false) {
    self.bytes = bytes
    self.isBlob = isBlob
  }

  public init(_ text: String) { self.init(bytes: Array(text.utf8)) }

  /// The text, if every store can hold it: UTF-8 without NUL.
  public var text: String? { isBlob ? nil : plain }

  private var plain: String? { bytes.contains(0) ? nil : String(validating: bytes, as: UTF8.self) }

  /// The form that every store can hold: the bytes as text if they are valid, else the hexadecimal form `X'…'`.
  public var portable: String { plain ?? hexadecimal }

  /// The same for an id. A blob always has hexadecimal form, so that two ids stay different.
  public var portableID: String { text ?? hexadecimal }

  /// The bytes of a hexadecimal form; nil for any other text.
  public var spelledBytes: [UInt8]? {
    guard !isBlob, bytes.count >= 3, bytes.count % 2 == 1, bytes.starts(with: "X'".utf8), bytes.last == UInt8(ascii: "'") else {
      return nil
    }
    let digits = bytes[2..<(bytes.count - 1)]
    var result = [UInt8]()
    for start in stride(from: digits.startIndex, to: digits.endIndex, by: 2) {
      guard let byte = UInt8(String(decoding: digits[start..<(start + 2)], as: UTF8.self), radix: 16) else { return nil }
      result.append(byte)
    }
    return result
  }

  private var hexadecimal: String {
    var text = [UInt8]("X'".utf8)
    for byte in bytes { for digit in [byte >> 4, byte & 15] { text.append((digit < 10 ? 0x30 : 0x37) + digit) } }
    return String(decoding: text, as: UTF8.self) + "'"
  }
}

extension ArchivedText? {
  /// Whether the values of two stores are equal, each in the form that it can hold.
  func isSame(as other: ArchivedText?) -> Bool {
    switch (self, other) {
    case (nil, nil): true
    case (let one?, let other?): one == other || one.portable.utf8.elementsEqual(other.portable.utf8)
    default: false
    }
  }
}
