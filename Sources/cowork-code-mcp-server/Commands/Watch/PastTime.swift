import Foundation

/// A time in the past, as a person writes it.
enum PastTime {
  private static let units: [Character: Double] = ["s": 1, "m": 60, "h": 3_600, "d": 86_400, "w": 604_800]
  private static let formats = [
    "yyyy-MM-dd'T'HH:mm:ss.SSSXXXXX", "yyyy-MM-dd'T'HH:mm:ssXXXXX", "yyyy-MM-dd'T'HH:mmXXXXX", "yyyy-MM-dd'T'HH:mm:ss.SSS",
    "yyyy-MM-dd'T'HH:mm:ss", "yyyy-MM-dd'T'HH:mm", "yyyy-MM-dd",
  ]

  /// In seconds since 1970; nil where it is no time. Without a zone it is local.
  static func seconds(_ text: String, now: Date) -> Double? {
    if let unit = text.last.flatMap({ units[$0] }) {
      guard let count = Double(text.dropLast()), count.isFinite, count >= 0 else { return nil }
      return now.timeIntervalSince1970 - count * unit
    }
    let formatter = DateFormatter()
    formatter.locale = Locale(identifier: "en_US_POSIX")
    formatter.isLenient = false
    for format in formats {
      formatter.dateFormat = format
      if let date = formatter.date(from: text.replacing(" ", with: "T")) { return date.timeIntervalSince1970 }
    }
    return nil
  }
}
