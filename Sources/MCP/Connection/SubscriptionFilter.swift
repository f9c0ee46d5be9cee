import JSON

/// What a client asks for by `subscriptions/listen` (2026-07-28 schema, SubscriptionFilter).
struct SubscriptionFilter: Hashable, Sendable {
  /// `nil` where the client did not ask for resources at all.
  let resourceURIs: [String]?

  init(_ params: JSONObject) throws(RPCError) {
    guard let filter = params["notifications"]?.objectValue else {
      throw .invalidParams("subscriptions/listen needs an object `notifications`.")
    }
    for name in ["toolsListChanged", "promptsListChanged", "resourcesListChanged"] {
      if let value = filter[name], value.boolValue == nil {
        throw .invalidParams("`notifications.\(name)` must be true or false, not \(Sentence.describe(value)).")
      }
    }
    guard let value = filter["resourceSubscriptions"] else {
      resourceURIs = nil
      return
    }
    let uris = value.arrayValue?.map(\.stringValue)
    guard let uris, !uris.contains(nil) else {
      throw .invalidParams("`notifications.resourceSubscriptions` must be an array of strings.")
    }
    resourceURIs = uris.compactMap(\.self)
  }

  /// The part that is honoured. Lists do not change while a server runs, so that there is nothing to say about them.
  func honoured(where exists: (String) -> Bool) -> [String]? {
    var seen: Set<String> = []
    return resourceURIs?.filter { exists($0) && seen.insert($0).inserted }
  }
}
