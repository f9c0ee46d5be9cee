import Foundation

/// A time in the past, as a person writes it.
enum PastTime {
  private static let formats = [
    "yyyy-MM-dd'T'HH:mm:ss.SSSXXXXX", "yyyy-MM-dd'T'HH:mm:ssXXXXX", "yyyy-MM-dd'T'HH:mmXXXXX", "yyyy-MM-dd'T'HH:mm:ss.SSS",
    "yyyy-MM-dd'T'HH:mm:ss", "yyyy-MM-dd'T'HH:mm", "yyyy-MM-dd",
  ]

  /// An age, or a time. In seconds since 1970; nil where it is neither. Without a zone it is local.
  static func seconds(_ text: String, now: Date) -> Double? {
    if let age = Age(argument: text) { return now.timeIntervalSince1970 - Double(age.duration.components.seconds) }
    let formatter = DateFormatter()
    formatter.locale = Locale(identifier: "en_US_POSIX")
    formatter.isLenient = false
    for format in formats {
      formatter.dateFormat = format
      if let date = formatter.date(from: text.replacing(" ", with: "T")) { return date.timeIntervalSince1970 }
    }
    return nil
  }

  /// What is said of an option `--since` that is no time.
  static func refusal(of text: String) -> String {
    "--since is no time: \"\(text)\"; write 90s, 15m, 2h, 3d, or a time such as 2026-01-31T12:00."
  }
}
