import ArgumentParser
import Foundation
import SystemSupport

/// A length of time as it is written on the command line.
struct Age: ExpressibleByArgument {
  let duration: Duration

  init?(argument: String) {
    let units: [Character: Int64] = ["s": 1, "m": 60, "h": 3600, "d": 86_400, "w": 604_800]
    guard let last = argument.last, let unit = units[last], argument.dropLast().allSatisfy({ $0.isASCII && $0.isNumber }),
      let count = Int64(argument.dropLast()), count <= 36_500 * 86_400 / unit
    else { return nil }
    duration = .seconds(count * unit)
  }

  static let rule = "a whole number and s, m, h, d or w, such as 90m, 12h, 30d or 2w; at most 100 years"
}

/// A time in the past, as a person writes it.
enum PastTime {
  private static let formats = [
    "yyyy-MM-dd'T'HH:mm:ss.SSSXXXXX", "yyyy-MM-dd'T'HH:mm:ssXXXXX", "yyyy-MM-dd'T'HH:mmXXXXX", "yyyy-MM-dd'T'HH:mm:ss.SSS",
    "yyyy-MM-dd'T'HH:mm:ss", "yyyy-MM-dd'T'HH:mm", "yyyy-MM-dd",
  ]

  /// Reads an age, or a time, which is local where it names no zone.
  ///
  /// - Returns: seconds since 1970.
  /// - Throws: `ValidationError` where the text is neither.
  static func seconds(_ text: String) throws -> Double {
    if let age = Age(argument: text) { return WallClock.now - Double(age.duration.components.seconds) }
    let formatter = DateFormatter()
    formatter.locale = Locale(identifier: "en_US_POSIX")
    formatter.isLenient = false
    for format in formats {
      formatter.dateFormat = format
      if let date = formatter.date(from: text.replacing(" ", with: "T")) { return date.timeIntervalSince1970 }
    }
    throw ValidationError("\"\(text)\" is no time: write 90s, 15m, 2h, 3d, or a time such as 2026-01-31T12:00.")
  }
}
