extension BridgeService {
  /// Delegates a task.
  ///
  /// - Throws: `invalidValue`, `unknownRecipient`, `keyReused`.
  public func createTask(
    for recipient: Identity, title: String, description: String, idempotencyKey: String? = nil
  ) async throws(BridgeError) -> TaskReceipt {
    let task = NewTask(
      id: newID(), sender: identity, recipient: recipient, title: title, description: description, idempotencyKey: idempotencyKey)
    try task.validate()
    try requireCaller()
    await introduceSession()
    return try await store.createTask(task)
  }

  /// Moves a task.
  ///
  /// - Parameter takesOver: whether it takes the task from whoever holds it.
  /// - Throws: `notFound`, `notAllowed`, `wrongStatus`, `alreadyClaimed`, `invalidValue`.
  public func updateTask(
    _ id: String, to status: TaskStatus, result: String? = nil, takesOver: Bool = false
  ) async throws(BridgeError) -> BridgeTask {
    var request = TransitionRequest(taskID: id, actor: identity, instance: instance, status: status, result: result)
    request.takesOver = takesOver
    try request.validate()
    try requireCaller()
    return try await store.transitionTask(request)
  }

  /// A call that was cancelled before it began writes nothing.
  func requireCaller() throws(BridgeError) {
    if Task.isCancelled { throw .cancelled }
  }

  /// The agent's tasks.
  ///
  /// - Parameters:
  ///   - cursor: `next` of the page before; nil for the first.
  ///   - markSeen: what is shown counts as seen once it is delivered; false to look only.
  /// - Throws: `invalidValue`.
  public func tasks(
    role: TaskRole = .assignee, status: TaskStatus? = nil, cursor: String? = nil, limit: Int = 50,
    characters: Int = ReplyBudget.characters, markSeen: Bool = true
  ) async throws(BridgeError) -> Delivery {
    var query = TaskQuery(
      agent: identity, role: role, status: status, limit: limit, characters: characters, instance: markSeen ? instance : nil)
    if let cursor { query.cursor = try TaskCursor(cursor) }
    let page = try await store.tasks(query)
    leases.began(page.lease)
    return page
  }

  /// One task with its history.
  ///
  /// - Parameter markSeen: what is shown counts as seen once it is delivered, and the history is cut to fit into a reply. False to look
  ///   only, at all of it.
  /// - Throws: `notFound`.
  public func task(_ id: String, markSeen: Bool = true) async throws(BridgeError) -> TaskReport {
    try TextRule.reference(id, field: "task_id")
    let report = try await store.task(id, for: identity, instance: markSeen ? instance : nil)
    leases.began(report.lease)
    return markSeen ? report.fitting() : report
  }
}
