import BridgeServer
import ClientSetup
import MCP

/// What the demo has observed: told as it happens, and kept for the end.
final class DemoReport {
  private var steps: [DemoStep] = []
  private let json: Bool
  private let nextSteps: [NextStep]
  private let start = ContinuousClock.now

  init(json: Bool, executable: String) {
    self.json = json
    let program = executable.shellQuoted
    nextSteps = [
      NextStep(
        purpose: "Claude Code gets the bridge in all projects:", command: "claude mcp add --scope user cowork-bridge -- \(program) code"),
      NextStep(purpose: "Claude Desktop and Cowork start the same program as the other agent:", command: "\(program) cowork"),
      NextStep(purpose: "You can write to either of them yourself:", command: "\(program) send code \"Hello\""),
    ]
  }

  func step(_ name: String, _ body: (inout DemoStep) async throws -> Void) async throws {
    var step = DemoStep(name: name)
    do { try await body(&step) } catch { step.error = "\(error)" }
    steps.append(step)
    let mark = step.error == nil ? Colours.good("✓") : Colours.bad("✗")
    let wake = step.wake.map { "  " + Colours.notable("woken after \($0.inMilliseconds) ms") } ?? ""
    try await tell("\n\(mark) \(Colours.strong("\(steps.count). \(name)"))\(wake)\n" + step.details.map { "    \($0)\n" }.joined())
    if let error = step.error { throw CommandFailure("The demo failed at step \(steps.count), \"\(name)\": \(error).") }
  }

  func tell(_ text: String) async throws { if !json { try await StandardStreams.write(text) } }

  /// Sums up, after all steps.
  func conclude() async throws {
    let wakes = steps.compactMap(\.wake).sorted()
    let middle = wakes.isEmpty ? "" : "; \(wakes.count) wake-ups, \(wakes[wakes.count / 2].inMilliseconds) ms in the middle"
    let slowest = wakes.last.map { ", \($0.inMilliseconds) ms at worst" } ?? ""
    try await tell(
      """

      \(Colours.good("All \(steps.count) steps were observed")) in \((ContinuousClock.now - start).inMilliseconds) ms\(middle)\(slowest).

      \(Colours.strong("What to do next"))

      """ + nextSteps.map { "  \(Colours.faint($0.purpose))\n    \($0.command)\n" }.joined())
  }

  func printJSON() async throws {
    guard json else { return }
    let output = DemoOutput(milliseconds: (ContinuousClock.now - start).inMilliseconds, steps: steps, next: nextSteps)
    try await StandardStreams.write(output.jsonText + "\n")
  }
}

/// A step: what was observed until it was complete or failed.
struct DemoStep: StructuredOutput {
  let name: String
  private(set) var details: [String] = []
  /// From the call that wrote until the other agent had its answer.
  var wake: Duration?
  fileprivate(set) var error: String?

  init(name: String) { self.name = name }

  mutating func note(_ detail: String) { details.append(detail) }

  /// Something that one agent says to the other.
  mutating func speech(_ from: String, _ to: String, _ text: String) {
    note("\(Colours.agent(from)) → \(Colours.agent(to))  \(text)")
  }

  fileprivate var isObserved: Bool { error == nil }
  private var plainDetails: [String] { details.map(\.withoutColours) }
  private var wakeMilliseconds: Double? { wake?.inMilliseconds }

  static let schema = ObjectSchema<Self> {
    Field("step", .string, \.name)
    Field("ok", .boolean, \.isObserved)
    Field("details", .array(.string), \.plainDetails)
    Field(optional: "wake_milliseconds", .number, \.wakeMilliseconds)
    Field(optional: "error", .string, \.error)
  }
}

private struct DemoOutput: StructuredOutput {
  let milliseconds: Double
  let steps: [DemoStep]
  let next: [NextStep]

  private var isObserved: Bool { !steps.isEmpty && steps.allSatisfy(\.isObserved) }

  static let schema = ObjectSchema<Self> {
    Field("ok", .boolean, \.isObserved)
    Field("milliseconds", .number, \.milliseconds)
    Field("steps", .array(.object()), \.steps)
    Field("next", .array(.object()), \.next)
  }
}

/// What a person does after the demo.
private struct NextStep: StructuredOutput {
  let purpose: String
  let command: String

  static let schema = ObjectSchema<Self> {
    Field("purpose", .string, \.purpose)
    Field("command", .string, \.command)
  }
}

extension Duration {
  var inMilliseconds: Double { ((self / .milliseconds(1)) * 10).rounded() / 10 }
}
