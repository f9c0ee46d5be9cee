/// Makes ids for messages, tasks and leases.
public enum UniqueID {
  /// A random UUID, version 4 (RFC 9562), in lower case.
  public static func make() -> String { uuid(.random(in: .min ... .max), version: 4) }

  /// One that ends with a stamp, and is random before it.
  public static func make(stamp: String) -> String { String(make().dropLast(stamp.utf8.count)) + stamp }

  /// A UUID of these bits, except for those of the version and the variant.
  static func uuid(_ bits: UInt128, version: UInt128) -> String {
    (bits & ~(0xF << 76 | 3 << 62) | version << 76 | 2 << 62).hexadecimal(dashes: [8, 12, 16, 20])
  }
}

extension UInt128 {
  /// 32 digits.
  ///
  /// - Parameter dashes: the digits that one precedes.
  func hexadecimal(dashes: [Int] = []) -> String {
    String(unsafeUninitializedCapacity: 32 + dashes.count) { text in
      var end = 0
      for place in 0..<32 {
        if dashes.contains(place) {
          text[end] = UInt8(ascii: "-")
          end += 1
        }
        let digit = UInt8(truncatingIfNeeded: self >> (124 - 4 * place) & 15)
        text[end] = digit + (digit < 10 ? UInt8(ascii: "0") : UInt8(ascii: "a") - 10)
        end += 1
      }
      return end
    }
  }
}
