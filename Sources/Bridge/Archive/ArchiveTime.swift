/// Reads the times in rows.
public enum ArchiveTime {
  /// Replaces a required time that cannot be read.
  public static let epoch = "1970-01-01T00:00:00.000Z"

  /// Seconds since 1970 of a time such as `2026-01-31T12:00:00.000Z`, `2026-01-31 12:00:00`, `2026-01-31 12:00:00.123456+00` or
  /// `2026-01-31`; UTC without a zone. Nil for anything else.
  public static func seconds(of text: String) -> Double? {
    var reader = Reader(bytes: Array(text.utf8))
    guard let year = reader.number(4), reader.take("-"), let month = reader.number(2), reader.take("-"), let day = reader.number(2),
      (1...12).contains(month), (1...daysOf(month, year)).contains(day)
    else { return nil }
    let days = daysSince1970(year, month, day)
    if reader.isAtEnd { return Double(days * 86_400) }
    guard reader.take("T") || reader.take("t") || reader.take(" "), let hour = reader.number(2), hour < 24, reader.take(":"),
      let minute = reader.number(2), minute < 60
    else { return nil }
    var seconds = Double(days * 86_400 + hour * 3600 + minute * 60)
    if reader.take(":") {
      guard let second = reader.number(2), second <= 60 else { return nil }
      seconds += Double(second)
      if reader.take(".") {
        guard let fraction = reader.fraction() else { return nil }
        seconds += fraction
      }
    }
    guard let offset = reader.zone(), reader.isAtEnd else { return nil }
    return seconds - Double(offset)
  }

  /// Whether it has the form that this program writes: RFC 3339, UTC, milliseconds.
  public static func isCanonical(_ text: String) -> Bool {
    text.utf8.count == 24 && text.utf8.elementsEqual(zip(text.utf8, "dddd-dd-ddTdd:dd:dd.dddZ".utf8).map { $0.1 == 0x64 ? $0.0 : $0.1 })
      && seconds(of: text) != nil
  }

  private static func daysOf(_ month: Int, _ year: Int) -> Int {
    switch month {
    case 2: year % 4 == 0 && (year % 100 != 0 || year % 400 == 0) ? 29 : 28
    case 4, 6, 9, 11: 30
    default: 31
    }
  }

  /// Counts in years that begin in March.
  private static func daysSince1970(_ year: Int, _ month: Int, _ day: Int) -> Int {
    let shifted = month > 2 ? year : year - 1
    let era = shifted >= 0 ? shifted / 400 : (shifted - 399) / 400
    let yearOfEra = shifted - era * 400
    let dayOfYear = (153 * (month + (month > 2 ? -3 : 9)) + 2) / 5 + day - 1
    return era * 146_097 + yearOfEra * 365 + yearOfEra / 4 - yearOfEra / 100 + dayOfYear - 719_468
  }

  private struct Reader {
    let bytes: [UInt8]
    var position = 0

    var isAtEnd: Bool { position == bytes.count }

    mutating func take(_ character: Unicode.Scalar) -> Bool {
      guard position < bytes.count, bytes[position] == UInt8(ascii: character) else { return false }
      position += 1
      return true
    }

    private mutating func digit() -> Int? {
      guard position < bytes.count, (UInt8(ascii: "0")...UInt8(ascii: "9")).contains(bytes[position]) else { return nil }
      position += 1
      return Int(bytes[position - 1] - UInt8(ascii: "0"))
    }

    mutating func number(_ digits: Int) -> Int? {
      var value = 0
      for _ in 0..<digits {
        guard let digit = digit() else { return nil }
        value = value * 10 + digit
      }
      return value
    }

    mutating func fraction() -> Double? {
      guard var value = digit().map({ Double($0) / 10 }) else { return nil }
      var weight = 0.01
      while let digit = digit() {
        value += Double(digit) * weight
        weight /= 10
      }
      return value
    }

    /// Seconds east of Greenwich.
    mutating func zone() -> Int? {
      if isAtEnd || take("Z") || take("z") { return 0 }
      let sign = take("+") ? 1 : take("-") ? -1 : 0
      guard sign != 0, let hours = number(2), hours < 24 else { return nil }
      _ = take(":")
      let minutes = isAtEnd ? 0 : number(2)
      return minutes.flatMap { $0 < 60 ? sign * (hours * 3600 + $0 * 60) : nil }
    }
  }
}
