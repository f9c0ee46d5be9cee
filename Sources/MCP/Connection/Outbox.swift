/// The lines that are to be written, in order.
struct Outbox: Sendable {
  /// A message, or one entry of a batch.
  struct Part: Sendable {
    let bytes: [UInt8]
    var ticket: Ticket?
    var id: RequestID?
    var delivery: DeliveryID?
  }

  struct Line: Sendable {
    var parts: [Part]
    var isBatch = false
    /// While a line with the same key waits, another one is not needed.
    var key: CoalescingKey?

    fileprivate var byteCount: Int { parts.reduce(0) { $0 + $1.bytes.count + 1 } }

    fileprivate func text() -> [UInt8] {
      var text: [UInt8] = []
      text.reserveCapacity(byteCount + 2)
      if isBatch { text.append(UInt8(ascii: "[")) }
      for (index, part) in parts.enumerated() {
        if index > 0 { text.append(UInt8(ascii: ",")) }
        text.append(contentsOf: part.bytes)
      }
      if isBatch { text.append(UInt8(ascii: "]")) }
      text.append(UInt8(ascii: "\n"))
      return text
    }
  }

  struct CoalescingKey: Hashable, Sendable {
    /// The subscription; `nil` for those of the handshake era.
    let subscription: Ticket?
    let uri: String
  }

  /// A piece of output to write at once.
  struct Chunk: Sendable {
    var bytes: [UInt8] = []
    /// Replies of which the first byte is in this chunk.
    var begun: [DeliveryID] = []
  }

  private var waiting: [Line] = []
  private var keys: Set<CoalescingKey> = []
  private var current: (text: [UInt8], written: Int, deliveries: [DeliveryID])?
  /// Replies of which the last byte is in the chunk being written.
  private var finishing: [DeliveryID] = []
  private var chunkBytes = 0
  private var isClosed = false
  /// Bytes that are not known to be written.
  private(set) var queuedBytes = 0

  var isIdle: Bool { waiting.isEmpty && current == nil && chunkBytes == 0 }

  /// The replies that will not be written: all of them once the outbox is closed.
  mutating func append(_ line: Line) -> [DeliveryID] {
    if isClosed { return line.parts.compactMap(\.delivery) }
    if let key = line.key, !keys.insert(key).inserted { return [] }
    waiting.append(line)
    queuedBytes += line.byteCount
    return []
  }

  /// Takes out what is not begun and fits; the replies that were among it.
  mutating func withdraw(where isMeant: (Part) -> Bool) -> [DeliveryID] {
    var withdrawn: [DeliveryID] = []
    var kept: [Line] = []
    for var line in waiting {
      let meant = line.parts.filter(isMeant)
      if !meant.isEmpty {
        queuedBytes -= line.byteCount
        line.parts.removeAll(where: isMeant)
        withdrawn += meant.compactMap(\.delivery)
        if line.parts.isEmpty {
          if let key = line.key { keys.remove(key) }
          continue
        }
        queuedBytes += line.byteCount
      }
      kept.append(line)
    }
    waiting = kept
    return withdrawn
  }

  /// The next bytes to write, about `limit` at most; `nil` where there are none. The chunk before must have been written.
  mutating func nextChunk(limit: Int = 64 << 10) -> Chunk? {
    var chunk = Chunk()
    while chunk.bytes.count < limit {
      if current == nil, !waiting.isEmpty { begin(waiting.removeFirst(), &chunk) }
      guard let (text, written, deliveries) = current else { break }
      let end = min(text.count, written + limit - chunk.bytes.count)
      if written == 0, end == text.count, chunk.bytes.isEmpty { chunk.bytes = text } else { chunk.bytes += text[written..<end] }
      current = end < text.count ? (text, end, deliveries) : nil
      if current == nil { finishing += deliveries }
    }
    chunkBytes = chunk.bytes.count
    return chunk.bytes.isEmpty ? nil : chunk
  }

  /// The chunk was written: the replies that have left the process with it.
  mutating func chunkWritten() -> [DeliveryID] {
    queuedBytes = max(0, queuedBytes - chunkBytes)
    chunkBytes = 0
    if isIdle { queuedBytes = 0 }
    defer { finishing = [] }
    return finishing
  }

  /// Nothing more is written: the replies that have not left the process, or not wholly.
  mutating func close() -> [DeliveryID] {
    isClosed = true
    let unwritten = finishing + (current?.deliveries ?? []) + waiting.flatMap { $0.parts.compactMap(\.delivery) }
    waiting = []
    keys = []
    finishing = []
    current = nil
    queuedBytes = 0
    chunkBytes = 0
    return unwritten
  }

  private mutating func begin(_ line: Line, _ chunk: inout Chunk) {
    if let key = line.key { keys.remove(key) }
    let deliveries = line.parts.compactMap(\.delivery)
    chunk.begun += deliveries
    current = (line.text(), 0, deliveries)
  }
}
