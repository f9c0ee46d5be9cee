import JSON

/// The JSON-RPC messages that the server sends, as text of one line without its end.
enum MessageEncoder {
  static func response(_ id: RequestID, _ result: WireObject) -> [UInt8] {
    message(result.revision) {
      $0.set(Fields.Message.id, id.json)
      $0.set(Fields.Message.result, .object(result))
    }
  }

  /// An error without an id is one to a message whose id could not be read: JSON-RPC's `null` does not fit the schemas.
  static func failure(_ id: RequestID?, _ error: RPCError) -> [UInt8] {
    message(.latestHandshake) {
      $0.set(Fields.Message.id, id?.json)
      var object = WireObject(for: $0.revision)
      object.set(Fields.Failure.code, .integer(Int64(error.code.rawValue)))
      object.set(Fields.Failure.message, error.message)
      object.set(Fields.Failure.data, error.data)
      $0.set(Fields.Message.error, .object(object))
    }
  }

  static func progress(_ progress: Progress, _ token: RequestID, for revision: Revision) -> [UInt8] {
    notification("notifications/progress", revision) {
      $0.set(Fields.Progress.token, token.json)
      $0.set(Fields.Progress.progress, .number(progress.value))
      $0.set(Fields.Progress.total, progress.total.map { .number($0) })
      $0.set(Fields.Progress.message, progress.message)
    }
  }

  /// - Parameter subscription: the `subscriptions/listen` that is told; nil in the handshake era.
  static func update(of uri: String, subscription: RequestID? = nil, for revision: Revision) -> [UInt8] {
    notification("notifications/resources/updated", revision) {
      $0.setSubscription(subscription)
      $0.set(Fields.Item.uri, uri)
    }
  }

  static func acknowledgement(_ subscription: RequestID, _ honoured: [String]?, for revision: Revision) -> [UInt8] {
    notification("notifications/subscriptions/acknowledged", revision) {
      $0.setSubscription(subscription)
      $0.nest(Fields.Subscription.notifications) {
        $0.set(Fields.Subscription.resourceSubscriptions, honoured.map { .array($0.map { .string($0) }) })
      }
    }
  }

  private static func notification(_ method: String, _ revision: Revision, _ params: (inout WireObject) -> Void) -> [UInt8] {
    message(revision) {
      $0.set(Fields.Message.method, method)
      $0.nest(Fields.Message.params, params)
    }
  }

  static func notification(_ method: String, _ params: JSONObject, for revision: Revision) -> [UInt8] {
    message(revision) {
      $0.set(Fields.Message.method, method)
      $0.set(Fields.Message.params, .object(params))
    }
  }

  private static func message(_ revision: Revision, _ build: (inout WireObject) -> Void) -> [UInt8] {
    var object = WireObject(for: revision)
    object.set(Fields.Message.jsonrpc, "2.0")
    build(&object)
    return object.encoded()
  }
}

extension WireObject {
  fileprivate mutating func setSubscription(_ id: RequestID?) {
    if let id { nest(Fields.Subscription.meta) { $0.set(Fields.Result.subscriptionID, id.json) } }
  }

  mutating func set(_ field: WireField, _ value: JSONObject?) {
    set(field, value.map { .json(.object($0)) })
  }

  /// An object of the same revision, built by `build`.
  mutating func nest(_ field: WireField, _ build: (inout WireObject) -> Void) {
    var object = WireObject(for: revision)
    build(&object)
    set(field, .object(object))
  }

  static func list<Item>(_ items: [Item], for revision: Revision, _ build: (Item, inout WireObject) -> Void) -> WireValue {
    .array(
      items.map { item in
        var object = WireObject(for: revision)
        build(item, &object)
        return .object(object)
      })
  }
}
