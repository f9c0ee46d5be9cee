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

  init(_ message: JSON) {
    guard let object = message.objectValue else {
      self = .invalid(nil, RPCError(.invalidRequest, "A message must be a JSON object."))
      return
    }
    let id = RequestID(object["id"])
    guard let method = object["method"] else {
      let isResponse = object["result"] != nil || object["error"] != nil
      self = isResponse ? .response : .invalid(id, RPCError(.invalidRequest, "A request needs a method."))
      return
    }
    guard object["jsonrpc"] == "2.0" else {
      self = .invalid(id, RPCError(.invalidRequest, "A message needs \"jsonrpc\": \"2.0\"."))
      return
    }
    guard let method = method.stringValue else {
      self = .invalid(id, RPCError(.invalidRequest, "The method of a request must be a string."))
      return
    }
    if object["id"] == nil {
      self = .notification(method: method, params: object["params"]?.objectValue ?? [:])
      return
    }
    guard let id else {
      self = .invalid(nil, RPCError(.invalidRequest, "The id of a request must be a string, or an integer of at most 64 bits."))
      return
    }
    guard let params = (object["params"] ?? [:]).objectValue else {
      self = .invalid(id, .invalidParams("The params of a request must be an object."))
      return
    }
    self = .request(Request(id: id, method: method, params: params))
  }
}
