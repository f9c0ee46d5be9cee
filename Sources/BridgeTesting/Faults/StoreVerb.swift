/// The verbs of `BridgeStore` that can fail.
public enum StoreVerb: String, Sendable, Hashable, CaseIterable {
  case send, take, history, message, unreadCounts
  case confirm, undo, renew, recoverExpired
  case createTask, transitionTask, tasks, task
  case agents, addAgent, heartbeat, signOff
}
