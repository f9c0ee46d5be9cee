import JSON

/// The JSON-RPC messages that the server sends, as text of one line without its end.
enum MessageEncoder {
  static func response(_ id: RequestID, _ result: JSONObject) -> [UInt8] {
    message(["id": id.json, "result": .object(result)])
  }

  /// An error without an id is one to a message whose id could not be read: JSON-RPC's `null` does not fit the schemas.
  static func failure(_ id: RequestID?, _ error: RPCError) -> [UInt8] {
    var object: JSONObject = ["code": .integer(Int64(error.code.rawValue)), "message": .string(error.message)]
    object["data"] = error.data
    var message: JSONObject = [:]
    message["id"] = id?.json
    message["error"] = .object(object)
    return self.message(message)
  }

  static func notification(_ method: String, _ params: JSONObject) -> [UInt8] {
    message(["method": .string(method), "params": .object(params)])
  }

  static func progress(_ progress: Progress, _ token: RequestID, for revision: Revision) -> [UInt8] {
    notification(
      "notifications/progress",
      revision.object([
        WireField("progressToken", token.json), WireField("progress", .number(progress.value)),
        WireField("total", progress.total.map { .number($0) }), WireField("message", progress.message, since: .march2025),
      ]))
  }

  /// - Parameter subscription: the `subscriptions/listen` that is told; nil in the handshake era.
  static func update(of uri: String, subscription: RequestID? = nil) -> [UInt8] {
    notification("notifications/resources/updated", meta(subscription).merging(["uri": .string(uri)]))
  }

  static func acknowledgement(_ subscription: RequestID, _ honoured: [String]?) -> [UInt8] {
    var notifications: JSONObject = [:]
    notifications["resourceSubscriptions"] = honoured.map { .array($0.map { .string($0) }) }
    return notification(
      "notifications/subscriptions/acknowledged", meta(subscription).merging(["notifications": .object(notifications)]))
  }

  private static func meta(_ subscription: RequestID?) -> JSONObject {
    subscription.map { ["_meta": .object([MetaKey.subscriptionID: $0.json])] } ?? [:]
  }

  private static func message(_ members: JSONObject) -> [UInt8] {
    JSON.object(JSONObject([("jsonrpc", "2.0")]).merging(members)).encoded()
  }
}
