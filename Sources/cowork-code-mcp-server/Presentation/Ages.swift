import Foundation

/// Times and spans for people.
enum Ages {
  /// `12 s`, `5 min`, `3 h`, `12 d`.
  static func text(_ seconds: Double?) -> String? {
    guard let seconds, seconds.isFinite else { return nil }
    switch max(0, seconds) {
    case let age where age < 90: return "\(Int(age)) s"
    case let age where age < 5_400: return "\(Int((age / 60).rounded())) min"
    case let age where age < 172_800: return "\(Int((age / 3_600).rounded())) h"
    case let age where age < 1e11: return "\(Int((age / 86_400).rounded())) d"
    default: return nil
    }
  }

  /// A local time by a pattern of strftime(3).
  static func local(_ time: Double, _ pattern: String) -> String {
    // Beyond this the fields of a date overflow.
    guard abs(time) < 1e11 else { return "" }
    var seconds = time_t(time.rounded(.down))
    var fields = tm()
    localtime_r(&seconds, &fields)
    var buffer = [CChar](repeating: 0, count: 64)
    let count = strftime(&buffer, buffer.count, pattern, &fields)
    return String(decoding: buffer.prefix(count).map(UInt8.init(bitPattern:)), as: UTF8.self)
  }
}
