/// Splits a stream of bytes into lines. A line over the limit is reported, not kept.
struct LineFramer: Sendable {
  enum Line: Hashable, Sendable {
    /// Without its end. A carriage return before that stays: it is whitespace in JSON.
    case line([UInt8])
    case tooLong
  }

  private let limit: Int
  private var buffer: ArraySlice<UInt8> = []
  private var scanned = 0
  /// Inside a line that was reported as too long.
  private var isSkipping = false
  /// Nothing was taken yet: a byte order mark may come.
  private var isAtStart = true

  init(limit: Int) {
    self.limit = limit
  }

  /// The bytes that are kept.
  var bufferedBytes: Int { buffer.count }

  mutating func append(_ bytes: [UInt8]) { buffer += bytes }

  /// The next whole line that is not blank; `nil` until more bytes come.
  mutating func next() -> Line? {
    while let end = buffer.dropFirst(scanned).firstIndex(of: 0x0A).map({ $0 - buffer.startIndex }) {
      let line = withoutMark(buffer.prefix(end))
      drop(end + 1)
      if isSkipping {
        isSkipping = false
      } else if line.count > limit {
        return .tooLong
      } else if !isBlank(line) {
        return .line(Array(line))
      }
    }
    scanned = buffer.count
    guard isSkipping || scanned > limit else { return nil }
    drop(scanned)
    defer { isSkipping = true }
    return isSkipping ? nil : .tooLong
  }

  /// The last line of the input if it has no end and is not blank.
  mutating func rest() -> Line? {
    let line = withoutMark(buffer)
    drop(buffer.count)
    return isSkipping || isBlank(line) ? nil : .line(Array(line))
  }

  /// The line, without the byte order mark that some programs write before the first one.
  private mutating func withoutMark(_ line: ArraySlice<UInt8>) -> ArraySlice<UInt8> {
    defer { isAtStart = false }
    return isAtStart && line.starts(with: [0xEF, 0xBB, 0xBF]) ? line.dropFirst(3) : line
  }

  /// Releases the memory once all is consumed.
  private mutating func drop(_ count: Int) {
    buffer = count < buffer.count ? buffer.dropFirst(count) : []
    scanned = 0
  }

  private func isBlank(_ line: ArraySlice<UInt8>) -> Bool { line.allSatisfy { $0 == 0x20 || $0 == 0x09 || $0 == 0x0D } }
}
