import JSON

extension Server {
  func read(from transport: some ByteTransport) async {
    var framer = LineFramer(limit: limits.lineBytes)
    do {
      while end == nil, let bytes = try await transport.read() {
        framer.append(bytes)
        while let line = framer.next() {
          await waitForRoom()
          if end != nil { return }
          receive(line)
        }
      }
      if end == nil, let line = framer.rest() { receiveRest(line) }
      end(.endOfInput)
    } catch {
      end(.connectionLost("standard input: \(error)"))
    }
  }

  /// Reading stands still while too much is under way, so that memory stays bounded whatever the client does.
  private func waitForRoom() async {
    if hasRoom { return }
    await wait { $0.hasRoom || $0.end != nil }
  }

  private var hasRoom: Bool {
    !admission.isFull && outbox.queuedBytes <= limits.queuedOutputBytes
  }

  func receive(_ line: LineFramer.Line) {
    switch line {
    case .tooLong:
      refuse(nil, RPCError(.invalidRequest, "The line is longer than \(limits.lineBytes) bytes: send less at a time."))
    case .line(let bytes):
      do throws(JSONError) {
        receive(try JSON(decoding: bytes))
      } catch {
        logger.debug("a line is not JSON", metadata: ["bytes": "\(bytes.count)", "error": "\(error)"])
        refuse(nil, RPCError(.parseError, error.description))
      }
    }
  }

  /// A last line without its end is served where it is a whole message. Half of one is no message, and nobody waits for an answer to it.
  private func receiveRest(_ line: LineFramer.Line) {
    guard case .line(let bytes) = line, let message = try? JSON(decoding: bytes) else { return }
    receive(message)
  }

  private func receive(_ message: JSON) {
    guard case .array(let entries) = message else {
      receive(Incoming(message), target: .line)
      return
    }
    guard agreement?.revision.hasBatches == true, 1...limits.batchEntries ~= entries.count else {
      refuse(nil, RPCError(.invalidRequest, "An array is no message here: send each message by itself."))
      return
    }
    let batch = batches.open()
    for entry in entries {
      receive(Incoming(entry), target: .batch(batch))
    }
    if let line = batches.close(batch) { send(line) }
  }

  private func receive(_ message: Incoming, target: ReplyTarget) {
    switch message {
    case .request(let request):
      expectAnswer(target)
      handle(request, target)
    case .notification(let method, let params):
      if method == "notifications/cancelled", let id = RequestID(params["requestId"]) { cancel(id) }
      if method == "notifications/initialized", let agreement, let tell = definition.clientReady {
        Task { await tell(agreement) }
      }
    case .response:
      break
    case .invalid(let id, let error):
      expectAnswer(target)
      refuse(id, error, target)
    }
  }

  private func expectAnswer(_ target: ReplyTarget) {
    if case .batch(let batch) = target { batches.expect(batch) }
  }
}
