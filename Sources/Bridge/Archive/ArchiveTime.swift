/// Reads the times in rows.
public enum ArchiveTime {
  /// Replaces a required time that cannot be read.
  public static let epoch = "1970-01-01T00:00:00.000Z"

  private nonisolated(unsafe) static let form =
    #/([0-9]{4})-([0-9]{2})-([0-9]{2})(?:[Tt ]([0-9]{2}):([0-9]{2})(?::([0-9]{2}(?:\.[0-9]+)?))?(?:[Zz]|([+-][0-9]{2}):?([0-9]{2})?)?)?/#
  private nonisolated(unsafe) static let canonicalForm =
    #/[0-9]{4}-[0-9]{2}-[0-9]{2}T[0-9]{2}:[0-9]{2}:[0-9]{2}\.[0-9]{3}Z/#

  /// Seconds since 1970 of a time such as `2026-01-31T12:00:00.000Z`, `2026-01-31 12:00:00`, `2026-01-31 12:00:00.123456+00` or
  /// `2026-01-31`; UTC without a zone. Nil for anything else.
  public static func seconds(of text: String) -> Double? {
    guard let (_, yearText, monthText, dayText, hourText, minuteText, secondText, zoneHour, zoneMinute) = text.wholeMatch(of: form)?.output
    else { return nil }
    func number(_ digits: Substring?) -> Int { digits.flatMap { Int($0) } ?? 0 }
    let (year, month, day) = (number(yearText), number(monthText), number(dayText))
    let (hour, minute, second) = (number(hourText), number(minuteText), secondText.flatMap { Double($0) } ?? 0)
    let offset = (abs(number(zoneHour)) * 60 + number(zoneMinute)) * (zoneHour?.first == "-" ? -1 : 1)
    guard 1...12 ~= month, hour < 24, minute < 60, second < 61, abs(number(zoneHour)) < 24, number(zoneMinute) < 60 else { return nil }
    let first = daysSince1970(year, month)
    guard 1...daysSince1970(year, month + 1) - first ~= day else { return nil }
    return Double(((first + day - 1) * 24 + hour) * 3600 + (minute - offset) * 60) + second
  }

  /// Whether it has the form that this program writes: RFC 3339, UTC, milliseconds.
  public static func isCanonical(_ text: String) -> Bool { text.wholeMatch(of: canonicalForm) != nil && seconds(of: text) != nil }

  /// To the first of a month; 13 is the next January. Counts in years that begin in March, from 400 years before the first.
  private static func daysSince1970(_ year: Int, _ month: Int) -> Int {
    let years = (month > 2 ? year : year - 1) + 400
    let months = month > 2 ? month - 3 : month + 9
    return years * 365 + years / 4 - years / 100 + years / 400 + (153 * months + 2) / 5 - 865_565
  }
}
