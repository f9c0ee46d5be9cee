/// Reads the times in rows.
public enum ArchiveTime {
  /// Replaces a required time that cannot be read.
  public static let epoch = "1970-01-01T00:00:00.000Z"

  /// Seconds since 1970 of a time such as `2026-01-31T12:00:00.000Z`, `2026-01-31 12:00:00`, `2026-01-31 12:00:00.123456+00` or
  /// `2026-01-31`; UTC without a zone. Nil for anything else.
  public static func seconds(of text: String) -> Double? {
    var rest = Array(text.utf8)[...]
    guard let date = numbers("0000-00-00", &rest), (1...12).contains(date[1]) else { return nil }
    let month = daysSince1970(date[0], date[1])
    guard (1...daysSince1970(date[0], date[1] + 1) - month).contains(date[2]) else { return nil }
    let days = month + date[2] - 1
    guard let separator = rest.popFirst() else { return Double(days * 86_400) }
    guard "Tt ".utf8.contains(separator), let time = numbers("00:00", &rest), time[0] < 24, time[1] < 60 else { return nil }
    var seconds = Double(days * 86_400 + time[0] * 3600 + time[1] * 60)
    if rest.first == UInt8(ascii: ":") {
      guard let second = numbers(":00", &rest)?.last, second <= 60 else { return nil }
      seconds += Double(second)
      if rest.first == UInt8(ascii: ".") {
        let digits = rest.dropFirst().prefix { isDigit($0) }
        guard let fraction = Double("0.\(String(decoding: digits, as: UTF8.self))"), !digits.isEmpty else { return nil }
        seconds += fraction
        rest = rest[digits.endIndex...]
      }
    }
    guard let offset = zone(&rest), rest.isEmpty else { return nil }
    return seconds - Double(offset)
  }

  /// Whether it has the form that this program writes: RFC 3339, UTC, milliseconds.
  public static func isCanonical(_ text: String) -> Bool {
    var rest = Array(text.utf8)[...]
    return numbers("0000-00-00T00:00:00.000Z", &rest) != nil && rest.isEmpty && seconds(of: text) != nil
  }

  /// To the first of a month; 13 is the next January. Counts in years that begin in March, from 400 years before the first.
  private static func daysSince1970(_ year: Int, _ month: Int) -> Int {
    let years = (month > 2 ? year : year - 1) + 400
    let months = month > 2 ? month - 3 : month + 9
    return years * 365 + years / 4 - years / 100 + years / 400 + (153 * months + 2) / 5 - 865_565
  }

  private static func isDigit(_ byte: UInt8) -> Bool { (UInt8(ascii: "0")...UInt8(ascii: "9")).contains(byte) }

  /// Takes the numbers of a pattern from the beginning: each `0` is a digit, and every other character separates two numbers.
  private static func numbers(_ pattern: String, _ rest: inout ArraySlice<UInt8>) -> [Int]? {
    var (numbers, number) = ([Int](), 0)
    for symbol in pattern.utf8 {
      guard let byte = rest.popFirst() else { return nil }
      if symbol == UInt8(ascii: "0"), isDigit(byte) {
        number = number * 10 + Int(byte - UInt8(ascii: "0"))
      } else if symbol == byte {
        numbers.append(number)
        number = 0
      } else {
        return nil
      }
    }
    return numbers + [number]
  }

  /// Seconds east of Greenwich.
  private static func zone(_ rest: inout ArraySlice<UInt8>) -> Int? {
    guard let sign = rest.popFirst(), !"Zz".utf8.contains(sign) else { return 0 }
    guard "+-".utf8.contains(sign), let hours = numbers("00", &rest)?.first, hours < 24 else { return nil }
    if rest.first == UInt8(ascii: ":") { rest.removeFirst() }
    guard let minutes = rest.isEmpty ? 0 : numbers("00", &rest)?.first, minutes < 60 else { return nil }
    return (sign == UInt8(ascii: "-") ? -1 : 1) * (hours * 3600 + minutes * 60)
  }
}
