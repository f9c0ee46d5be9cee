/// Makes ids for messages, tasks and leases.
public enum UniqueID {
  /// A random UUID, version 4 (RFC 9562), in lower case.
  public static func make() -> String { uuid(.random(in: .min ... .max), version: 4) }

  /// A UUID of these bits, except for those of the version and the variant.
  static func uuid(_ bits: UInt128, version: UInt128) -> String {
    var digits = (bits & ~(0xF << 76 | 3 << 62) | version << 76 | 2 << 62).hexadecimal
    for place in [20, 16, 12, 8] { digits.insert("-", at: digits.utf8.index(digits.startIndex, offsetBy: place)) }
    return digits
  }
}

extension UInt128 {
  /// 32 digits.
  var hexadecimal: String {
    let digits = String(self, radix: 16)
    return String(repeating: "0", count: 32 - digits.utf8.count) + digits
  }
}
