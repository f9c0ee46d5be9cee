import SystemSupport

/// Splits a stream of bytes into lines. A line over the limit is reported, not kept.
struct LineFramer: Sendable {
  enum Line: Hashable, Sendable {
    /// Without its end. A carriage return before that stays: it is whitespace in JSON.
    case line([UInt8])
    case tooLong
  }

  private let limit: Int
  private var buffer: [UInt8] = []
  private var start = 0
  private var scanned = 0
  private var isSkipping = false

  init(limit: Int) {
    self.limit = limit
  }

  /// The bytes that are kept.
  var bufferedBytes: Int { buffer.count - start }

  mutating func append(_ bytes: [UInt8]) {
    dropConsumed()
    buffer.append(contentsOf: bytes)
  }

  /// The next whole line that is not blank; `nil` until more bytes come.
  mutating func next() -> Line? {
    while let end = newline() {
      let line = start..<end
      start = end + 1
      scanned = start
      if isSkipping {
        isSkipping = false
      } else if line.count > limit {
        return .tooLong
      } else if !isBlank(line) {
        return .line(Array(buffer[line]))
      }
    }
    return checkLength()
  }

  /// The last line of the input if it has no end and is not blank.
  mutating func rest() -> Line? {
    defer { buffer = [] }
    let line = start..<buffer.count
    return isSkipping || isBlank(line) ? nil : .line(Array(buffer[line]))
  }

  private mutating func checkLength() -> Line? {
    scanned = buffer.count
    if isSkipping {
      start = buffer.count
    } else if bufferedBytes > limit {
      start = buffer.count
      isSkipping = true
      return .tooLong
    }
    return nil
  }

  private mutating func newline() -> Int? {
    buffer.withUnsafeBufferPointer { $0.firstPosition(of: 0x0A, from: scanned) }
  }

  private func isBlank(_ range: Range<Int>) -> Bool {
    buffer[range].allSatisfy { $0 == 0x20 || $0 == 0x09 || $0 == 0x0D }
  }

  /// Releases the memory of a long line, and moves what remains to the front.
  private mutating func dropConsumed() {
    if start == buffer.count {
      if buffer.capacity > 1 << 20 { buffer = [] } else { buffer.removeAll(keepingCapacity: true) }
    } else if start > 0 {
      buffer.removeFirst(start)
    }
    scanned -= start
    start = 0
  }
}
