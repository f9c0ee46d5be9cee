import JSON

/// A JSON-RPC message of the client, told apart by its shape (JSON-RPC 2.0, section 4).
enum Incoming: Hashable, Sendable {
  case request(Request)
  case notification(method: String, params: JSONObject)
  /// We send no requests, so a response answers nothing and is ignored.
  case response
  /// The id is there where it could be read.
  case invalid(RequestID?, RPCError)

  struct Request: Hashable, Sendable {
    let id: RequestID
    let method: String
    let params: JSONObject
  }

  init(_ message: JSON) { self = Self.read(message) }

  private static func read(_ message: JSON) -> Incoming {
    let id = RequestID(message["id"])
    func invalid(_ problem: String) -> Incoming { .invalid(id, RPCError(.invalidRequest, problem)) }
    guard let object = message.objectValue else { return invalid("A message must be a JSON object.") }
    guard let method = object["method"] else {
      return object["result"] != nil || object["error"] != nil ? .response : invalid("A request needs a method.")
    }
    if object["jsonrpc"] != "2.0" { return invalid("A message needs \"jsonrpc\": \"2.0\".") }
    guard let method = method.stringValue else { return invalid("The method of a request must be a string.") }
    if object["id"] == nil { return .notification(method: method, params: object["params"]?.objectValue ?? [:]) }
    guard let id else { return invalid("The id of a request must be a string of whole characters, or an integer of at most 64 bits.") }
    guard let params = (object["params"] ?? [:]).objectValue else {
      return .invalid(id, .invalidParams("The params of a request must be an object."))
    }
    return .request(Request(id: id, method: method, params: params))
  }
}

extension LineFramer.Line {
  /// The messages of a line, and whether they are a batch.
  ///
  /// - Parameter batchLimit: the most messages in a batch; 0 where the revision has none.
  func messages(lineLimit: Int, batchLimit: Int) throws(RPCError) -> (messages: [Incoming], isBatch: Bool) {
    guard case .line(let bytes) = self else {
      throw RPCError(.invalidRequest, "The line is longer than \(lineLimit) bytes: send less at a time.")
    }
    let message: JSON
    do throws(JSONError) { message = try JSON(decoding: bytes) } catch { throw RPCError(.parseError, error.description) }
    guard case .array(let entries) = message else { return ([Incoming(message)], false) }
    guard !entries.isEmpty, entries.count <= batchLimit else {
      throw RPCError(.invalidRequest, "An array is no message here: send each message by itself.")
    }
    return (entries.map(Incoming.init), true)
  }

  var isJSON: Bool {
    if case .line(let bytes) = self { (try? JSON(decoding: bytes)) != nil } else { false }
  }
}
