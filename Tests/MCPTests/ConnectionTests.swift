import JSON
import Testing

@testable import MCP

/// What happens to a connection, step by step, and the actions that it must return.
struct Script: CustomTestStringConvertible, Sendable {
  let testDescription: String
  var revision = Revision.november2025
  var limits = ServerLimits()
  var hasOwner = false
  let steps: [(event: Connection.Event, actions: [String])]

  init(
    _ name: String, revision: Revision = .november2025, hasOwner: Bool = false, limits: (inout ServerLimits) -> Void = { _ in },
    _ steps: [(event: Connection.Event, actions: [String])]
  ) {
    testDescription = name
    self.revision = revision
    self.hasOwner = hasOwner
    limits(&self.limits)
    self.steps = steps
  }
}

@Suite struct ConnectionTests {
  static let scripts = [
    Script(
      "a call is started, answered and delivered",
      [
        (.line(call(1, "echo", ["text": "a"])), ["start #1", "read"]), (.reply(1, hooked: true), ["write answer 1"]),
        (.written, ["call delivered of 1"]), (.hookReturned(1), []),
      ]),
    Script(
      "lines that come together are served together, and their replies written together",
      [
        (.lines([request(1, "ping"), call(2, "echo"), request(3, "ping")]), ["start #1", "read", "write answer 1, answer 3"]),
        (.reply(2, ticket: 1), []), (.written, ["write answer 2"]), (.written, []),
      ]),
    Script(
      "half of a line is kept",
      [
        (.received(Array(#"{"jsonrpc":"2.0","id":1,"#.utf8)), ["read"]),
        (.received(Array((#""method":"ping"}"# + "\n").utf8)), ["read", "write answer 1"]),
      ]),
    Script(
      "a call waits for the hooks of replies that the client may have seen",
      [
        (.line(call(1, "echo")), ["start #1", "read"]), (.reply(1, hooked: true), ["write answer 1"]),
        (.line(call(2, "echo")), ["read"]), (.written, ["call delivered of 1"]), (.line(call(3, "echo")), ["read"]),
        (.hookReturned(1), ["start #2", "start #3"]),
      ]),
    Script(
      "a call does not wait for a reply that is only queued",
      [
        (.line(request(0, "ping")), ["read", "write answer 0"]), (.line(call(1, "echo")), ["start #1", "read"]),
        (.reply(1, hooked: true), []), (.line(call(2, "echo")), ["start #2", "read"]),
      ]),
    Script(
      "a cancelled call is silent, and its late reply is given back",
      [
        (.line(call(1, "echo")), ["start #1", "read"]), (.cancellation(of: 1), ["cancel #1", "read"]),
        (.reply(1, hooked: true), ["call undelivered of 1"]),
      ]),
    Script(
      "a queued reply is withdrawn by its cancellation, one that is being written is not",
      [
        (.lines([call(1, "echo"), call(2, "echo")]), ["start #1", "start #2", "read"]),
        (.reply(1, hooked: true), ["write answer 1"]), (.reply(2, hooked: true), []), (.cancellation(of: 1), ["read"]),
        (.cancellation(of: 2), ["read", "call undelivered of 2"]), (.written, ["call delivered of 1"]),
      ]),
    Script(
      "a call that is cancelled while it is held is not started",
      [
        (.line(call(1, "echo")), ["start #1", "read"]), (.reply(1, hooked: true), ["write answer 1"]),
        (.line(call(2, "echo")), ["read"]), (.cancellation(of: 2), ["read"]), (.written, ["call delivered of 1"]), (.hookReturned(1), []),
      ]),
    Script(
      "calls beyond the limit wait in order, and no more is read than may wait",
      limits: {
        $0.concurrentCalls = 1
        $0.waitingCalls = 2
      },
      [
        (.lines([call(1, "echo"), call(2, "echo"), call(3, "echo"), call(4, "echo")]), ["start #1"]),
        (.reply(1), ["start #2", "write answer 1"]), (.reply(2), ["start #3", "read"]), (.cancellation(of: 4), ["read"]),
        (.reply(3), []), (.written, ["write answer 2, answer 3"]),
      ]),
    Script(
      "no input is read while the client does not take the output",
      limits: { $0.queuedOutputBytes = 10 },
      [
        (.lines([request(1, "ping"), request(2, "ping")]), ["write answer 1"]), (.written, ["write answer 2"]), (.written, ["read"]),
      ]),
    Script(
      "progress and custom notifications are left out while the client does not take the output",
      limits: { $0.queuedOutputBytes = 100 },
      [
        (.line(call(1, "echo", token: "t")), ["start #1", "read"]), (.progress(1, 1), ["write notifications/progress"]),
        (.progress(1, 1), []), (.progress(1, 2), []), (.written, ["write notifications/progress"]), (.written, []),
        (.reply(1), ["write answer 1"]),
        (.progress(1, 3), []),
      ]),
    Script(
      "a batch is answered once, when its last call has ended", revision: .march2025,
      [
        (.line([request(1, "ping"), call(2, "echo"), call(3, "echo"), call(4, "echo")]), ["start #1", "start #2", "start #3", "read"]),
        (.reply(2, ticket: 1, hooked: true), []), (.cancellation(of: 3), ["cancel #2", "read"]),
        (.cancellation(of: 2), ["read", "call undelivered of 2"]), (.silence(2), []),
        (.reply(4, ticket: 3, hooked: true), ["write [answer 1, answer 4]"]), (.written, ["call delivered of 4"]),
      ]),
    Script(
      "a subscription is acknowledged after its owner knows, and updates coalesce", revision: .november2025, hasOwner: true,
      [
        (.line(request(1, "resources/subscribe", ["uri": "test://one"])), ["tell test://one", "read"]),
        (.line(request(2, "resources/subscribe", ["uri": "test://broken"])), ["read"]),
        (.ownerTold, ["tell test://broken test://one", "write answer 1"]), (.resourceUpdated("test://one"), []),
        (.resourceUpdated("test://one"), []), (.resourceUpdated("test://none"), []),
        (.written, ["write notifications/resources/updated"]), (.ownerTold, []), (.written, ["write answer 2"]),
        (.line(request(3, "resources/unsubscribe", ["uri": "test://one"])), ["tell test://broken", "read"]),
      ]),
    Script(
      "a stream is acknowledged, told and cancelled", hasOwner: true,
      [
        (.line(request(1, "subscriptions/listen", listening)), ["tell test://one", "read"]), (.resourceUpdated("test://one"), []),
        (.ownerTold, ["write notifications/subscriptions/acknowledged, notifications/resources/updated"]),
        (.resourceUpdated("test://one"), []), (.cancellation(of: 1), ["tell ", "read"]), (.written, []), (.ownerTold, []),
      ]),
    Script(
      "at the end of input, a call that ends in time is answered",
      [
        (.lines([call(1, "echo"), call(2, "echo")]), ["start #1", "start #2", "read"]), (.inputEnded, ["timer 1"]),
        (.reply(1), ["write answer 1"]), (.timerFired(1), ["cancel #2"]), (.written, ["timer 2"]),
        (.timerFired(1), []), (.silence(2), ["close", "finish endOfInput"]),
      ]),
    Script(
      "a handler that heeds no cancellation is given up, and its reply is given back",
      [
        (.line(call(1, "echo")), ["start #1", "read"]), (.shutDown, ["cancel #1", "timer 1"]), (.timerFired(1), ["close"]),
        (.inputEnded, ["finish shutdown"]), (.reply(1, hooked: true), ["call undelivered of 1"]),
      ]),
    Script(
      "output that stands still is waited for at the end of input, and given up at any other end",
      [
        (.line(call(1, "echo")), ["start #1", "read"]), (.reply(1, hooked: true), ["write answer 1"]), (.inputEnded, []),
        (.shutDown, ["timer 1"]), (.timerFired(1), ["close", "call undelivered of 1"]), (.writeFailed("closed"), []),
        (.hookReturned(1), ["finish shutdown"]),
      ]),
    Script(
      "calls that go on after the end of input are cancelled by any other end",
      [
        (.line(call(1, "echo")), ["start #1", "read"]), (.inputEnded, ["timer 1"]), (.shutDown, ["cancel #1", "timer 2"]),
        (.silence(1), ["close", "finish shutdown"]),
      ]),
    Script(
      "a broken output ends the connection",
      [
        (.line(call(1, "echo")), ["start #1", "read"]), (.line(request(2, "ping")), ["read", "write answer 2"]),
        (.writeFailed("gone"), ["cancel #1", "timer 1"]), (.silence(1), ["close"]),
        (.inputEnded, ["finish connectionLost(\"standard output: gone\")"]),
      ]),
    Script(
      "an output that nobody reads ends the connection while nothing is written",
      [
        (.line(call(1, "echo")), ["start #1", "read"]), (.outputBroke, ["cancel #1", "timer 1"]), (.silence(1), ["close"]),
        (.inputEnded, ["finish connectionLost(\"standard output: nobody reads it\")"]),
      ]),
    Script(
      "a last line without its end is served",
      [
        (.received(request(1, "ping").encoded()), ["read"]), (.inputEnded, ["write answer 1"]),
        (.written, ["close", "finish endOfInput"]),
      ]),
    Script(
      "an open stream gets its result at the end",
      [
        (
          .line(request(1, "subscriptions/listen", listening)), ["read", "write notifications/subscriptions/acknowledged"]
        ), (.written, []), (.inputEnded, ["write answer 1"]), (.written, ["close", "finish endOfInput"]),
      ]),
  ]

  @Test(arguments: scripts)
  func eventsGiveTheseActions(_ script: Script) async throws {
    var definition = ServerDefinition.sample
    if script.hasOwner { definition.subscriptionsChanged = { _ in } }
    var connection = Connection(definition, limits: script.limits, logger: silent)
    let opening = connection.handle(.opened)
    #expect(await described(opening) == ["read"])
    let version = JSON.string(script.revision.date)
    let initialize = request("i", "initialize", ["protocolVersion": version, "capabilities": [:], "clientInfo": ["name": "t"]])
    _ = connection.handle(.line(initialize))
    _ = connection.handle(.written)
    for (number, step) in script.steps.enumerated() {
      let actions = connection.handle(step.event)
      #expect(await described(actions) == step.actions, "step \(number + 1)")
    }
  }

  private func described(_ actions: [Connection.Action]) async -> [String] {
    var texts: [String] = []
    for action in actions { texts.append(await described(action)) }
    return texts
  }

  private func described(_ action: Connection.Action) async -> String {
    switch action {
    case .read: return "read"
    case .write(let bytes):
      let lines = String(decoding: bytes, as: UTF8.self).split(separator: "\n")
      return "write " + lines.map { described((try? JSON(decoding: String($0))) ?? .null) }.joined(separator: ", ")
    case .start(let ticket, _): return "start #\(ticket.number)"
    case .cancel(let ticket): return "cancel #\(ticket.number)"
    case .callHook(_, let hook):
      let journal = Journal()
      await HookJournal.$current.withValue(journal) { await hook() }
      return "call " + journal.all.joined()
    case .tellOwner(let uris): return "tell " + uris.sorted().joined(separator: " ")
    case .tellReady: return "tell ready"
    case .startTimer(let number, _): return "timer \(number)"
    case .close: return "close"
    case .finish(let end): return "finish \(end)"
    }
  }

  private func described(_ message: JSON) -> String {
    if let entries = message.arrayValue { return "[" + entries.map(described).joined(separator: ", ") + "]" }
    if let method = message["method"]?.stringValue { return method }
    return (message["error"] == nil ? "answer " : "error ") + (message["id"]?.wholeNumber.map(String.init) ?? "?")
  }
}

private let listening = perRequest(["notifications": ["resourceSubscriptions": ["test://one"]]])

enum HookJournal {
  @TaskLocal static var current: Journal?
}

extension Connection.Event {
  static func line(_ message: JSON) -> Self { lines([message]) }
  static func lines(_ messages: [JSON]) -> Self { .received(messages.flatMap { $0.encoded() + [0x0A] }) }

  static func cancellation(of id: JSON) -> Self {
    line(["jsonrpc": "2.0", "method": "notifications/cancelled", "params": ["requestId": id]])
  }

  /// The handler of a call has returned.
  static func reply(_ id: Int64, ticket: Int? = nil, hooked: Bool = false) -> Self {
    let hooks = DeliveryHooks(
      delivered: { HookJournal.current?.note("delivered of \(id)") }, undelivered: { HookJournal.current?.note("undelivered of \(id)") })
    let bytes = MessageEncoder.response(.integer(id), [:])
    return .finished(Ticket(number: ticket ?? Int(id)), .reply(bytes, hooked ? hooks : nil))
  }

  static func silence(_ ticket: Int) -> Self { .finished(Ticket(number: ticket), .silence) }
  static func progress(_ ticket: Int, _ value: Double) -> Self {
    .progressed(Ticket(number: ticket), Progress(value: value, total: nil, message: nil))
  }
  static func hookReturned(_ number: Int) -> Self { .hookReturned(DeliveryID(number: number)) }
}
