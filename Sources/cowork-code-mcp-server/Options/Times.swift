import ArgumentParser
import Bridge
import Foundation
import SystemSupport

/// How times are written on the command line, for all options alike: an age, or a point in time, which is local where it names no zone.
enum TimeText {
  static let rule = "an age such as 90s, 15m, 2h, 30d or 2w, a date such as 2026-01-31, or a time such as 2026-01-31T12:00 or …T12:00:00Z"

  private nonisolated(unsafe) static let zone = #/[Tt ][0-9:.]+([Zz]|[+-][0-9]{2}:?([0-9]{2})?)$/#

  /// Seconds since 1970.
  ///
  /// - Throws: `ValidationError` where the text is none.
  static func seconds(_ text: String) throws -> Double {
    guard let seconds = point(text) else { throw ValidationError("\"\(text)\" is no time: write \(rule).") }
    return seconds
  }

  /// The time before now.
  static func age(_ text: String) throws -> Duration {
    if let length = length(text) { return length }
    guard let point = point(text) else { throw ValidationError("\"\(text)\" is no age: write \(rule).") }
    guard point <= WallClock.now else { throw ValidationError("\"\(text)\" lies in the future: name a time that is past.") }
    return .seconds(WallClock.now - point)
  }

  /// The same, or an id, as stores read them.
  static func pointOrID(_ text: String) -> String {
    guard let seconds = point(text) else { return text }
    return Date(timeIntervalSince1970: seconds).formatted(Date.ISO8601FormatStyle(includingFractionalSeconds: true))
  }

  /// Reads a whole number of seconds, or a length of time, in a range of seconds.
  static func wait(in range: ClosedRange<Int>) -> @Sendable (String) throws -> Int {
    { text in
      guard let seconds = Int(text) ?? length(text).map({ Int($0.components.seconds) }), range.contains(seconds) else {
        throw ValidationError(
          "Write a number from \(range.lowerBound) to \(range.upperBound), or a length of time such as 30s\(range.contains(120) ? " or 2m" : "")."
        )
      }
      return seconds
    }
  }

  private static func point(_ text: String) -> Double? {
    if let length = length(text) { return WallClock.now - Double(length.components.seconds) }
    guard let seconds = ArchiveTime.seconds(of: text) else { return nil }
    if text.contains(zone) { return seconds }
    // The zone's offset changes rarely: that of the result holds for the text.
    func offset(_ time: Double) -> Double { Double(TimeZone.current.secondsFromGMT(for: Date(timeIntervalSince1970: time))) }
    return seconds - offset(seconds - offset(seconds))
  }

  private static func length(_ text: String) -> Duration? {
    let units: [Character: Int64] = ["s": 1, "m": 60, "h": 3600, "d": 86_400, "w": 604_800]
    guard let last = text.last, let unit = units[last], text.dropLast().allSatisfy({ $0.isASCII && $0.isNumber }),
      let count = Int64(text.dropLast()), count <= 36_500 * 86_400 / unit
    else { return nil }
    return .seconds(count * unit)
  }
}
