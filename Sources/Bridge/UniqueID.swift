/// Makes ids for messages, tasks and leases.
public enum UniqueID {
  /// A random UUID, version 4 (RFC 9562), in lower case.
  public static func make() -> String {
    var random = SystemRandomNumberGenerator()
    var bytes = withUnsafeBytes(of: (random.next(), random.next())) { Array($0) }
    bytes[6] = bytes[6] & 0x0F | 0x40
    bytes[8] = bytes[8] & 0x3F | 0x80
    let digits = Array("0123456789abcdef".utf8)
    var text = [UInt8]()
    text.reserveCapacity(36)
    for (index, byte) in bytes.enumerated() {
      if [4, 6, 8, 10].contains(index) { text.append(UInt8(ascii: "-")) }
      text.append(digits[Int(byte >> 4)])
      text.append(digits[Int(byte & 15)])
    }
    return String(decoding: text, as: UTF8.self)
  }
}
