/// What a string argument must keep.
struct TextLimits: Hashable, Sendable {
  let characters: ClosedRange<Int>?
  let utf8: ClosedRange<Int>?
  let allowsNUL: Bool

  /// A scalar takes one to four bytes.
  var leastCharacters: Int? {
    let least = max(characters?.lowerBound ?? 0, ((utf8?.lowerBound ?? 0) + 3) / 4)
    return least > 0 ? least : nil
  }

  var mostCharacters: Int? {
    [characters?.upperBound, utf8?.upperBound].compactMap(\.self).min()
  }

  func complaint(about text: String) -> String? {
    if text.isEmpty, (leastCharacters ?? 0) > 0 { return "must not be empty" }
    if !allowsNUL, text.utf8.contains(0) { return "must not contain a NUL character (U+0000); take it out" }
    if let utf8 { if let complaint = complaint(text.utf8.count, utf8, "bytes in UTF-8") { return complaint } }
    if let characters { return complaint(text.unicodeScalars.count, characters, "characters") }
    return nil
  }

  private func complaint(_ count: Int, _ limits: ClosedRange<Int>, _ unit: String) -> String? {
    if count > limits.upperBound { return "has \(count) \(unit), and \(limits.upperBound) is the limit; make it shorter" }
    if count < limits.lowerBound { return "has \(count) \(unit), and \(limits.lowerBound) is the least; make it longer" }
    return nil
  }
}
