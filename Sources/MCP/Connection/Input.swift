import JSON

/// What one line of input holds.
enum Input: Sendable {
  case message(Incoming)
  case batch([Incoming])
  case refused(RPCError)

  /// - Parameter batchLimit: the most messages in a batch; 0 where the revision has none.
  init(_ line: LineFramer.Line, lineLimit: Int, batchLimit: Int) {
    guard case .line(let bytes) = line else {
      self = .refused(RPCError(.invalidRequest, "The line is longer than \(lineLimit) bytes: send less at a time."))
      return
    }
    do throws(JSONError) {
      let message = try JSON(decoding: bytes)
      guard case .array(let entries) = message else {
        self = .message(Incoming(message))
        return
      }
      let isBatch = !entries.isEmpty && entries.count <= batchLimit
      let refusal = RPCError(.invalidRequest, "An array is no message here: send each message by itself.")
      self = isBatch ? .batch(entries.map(Incoming.init)) : .refused(refusal)
    } catch {
      self = .refused(RPCError(.parseError, error.description))
    }
  }
}

extension LineFramer.Line {
  var isJSON: Bool {
    if case .line(let bytes) = self { (try? JSON(decoding: bytes)) != nil } else { false }
  }
}
