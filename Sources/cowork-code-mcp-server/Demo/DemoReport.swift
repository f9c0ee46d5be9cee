import Foundation
import JSON

/// What the demonstration has observed: told as it happens, and kept for the end.
final class DemoReport {
  /// One step that was really observed, or the one that was not.
  struct Step {
    let name: String
    let details: [String]
    let wake: Duration?
    let error: String?
  }

  private(set) var steps: [Step] = []
  private let json: Bool
  private let start = ContinuousClock.now

  init(json: Bool) { self.json = json }

  /// Carries out a step and tells it.
  func step(_ name: String, _ body: (inout Observation) async throws -> Void) async throws {
    var observation = Observation()
    do {
      try await body(&observation)
    } catch {
      let reason = "\(error)"
      try await add(Step(name: name, details: observation.details, wake: observation.wake, error: reason))
      throw CommandFailure("The demo failed at step \(steps.count), \"\(name)\": \(reason).")
    }
    try await add(Step(name: name, details: observation.details, wake: observation.wake, error: nil))
  }

  func tell(_ text: String) async throws { if !json { try await StandardStreams.write(text) } }

  /// All steps are through.
  func conclude(executable: String) async throws {
    if json { return }
    let wakes = steps.compactMap(\.wake).sorted()
    let middle = wakes.isEmpty ? "" : "; \(wakes.count) wake-ups, \(wakes[wakes.count / 2].milliseconds) in the middle"
    let slowest = wakes.last.map { ", \($0.milliseconds) at worst" } ?? ""
    try await tell(
      """

      \(Colours.good("All \(steps.count) steps were observed")) in \((ContinuousClock.now - start).milliseconds)\(middle)\(slowest).

      \(Colours.strong("What to do next"))

      """ + NextSteps(executable: executable).all.map { "  \(Colours.faint($0.purpose))\n    \($0.command)\n" }.joined())
  }

  /// The whole, in one line.
  func printJSON(executable: String) async throws {
    guard json else { return }
    let report: JSONObject = [
      "ok": .bool(!steps.isEmpty && steps.allSatisfy { $0.error == nil }),
      "milliseconds": .number((ContinuousClock.now - start).inMilliseconds),
      "steps": .array(steps.map { .object($0.json) }),
      "next": .array(NextSteps(executable: executable).all.map { ["purpose": .string($0.purpose), "command": .string($0.command)] }),
    ]
    try await StandardStreams.write(String(decoding: JSON.object(report).encoded(), as: UTF8.self) + "\n")
  }

  private func add(_ step: Step) async throws {
    steps.append(step)
    let mark = step.error == nil ? Colours.good("✓") : Colours.bad("✗")
    let wake = step.wake.map { "  " + Colours.notable("woken after \($0.milliseconds)") } ?? ""
    try await tell("\n\(mark) \(Colours.strong("\(steps.count). \(step.name)"))\(wake)\n" + step.details.map { "    \($0)\n" }.joined())
  }
}

/// What a step collects while it is carried out.
struct Observation {
  private(set) var details: [String] = []
  /// From the call that wrote until the other agent had its answer in hands.
  var wake: Duration?

  mutating func note(_ detail: String) { details.append(detail) }

  /// Something that one agent says to the other.
  mutating func speech(_ from: String, _ to: String, _ text: String) {
    note("\(Colours.agent(from)) → \(Colours.agent(to))  \(text)")
  }
}

extension DemoReport.Step {
  fileprivate var json: JSONObject {
    var object: JSONObject = ["step": .string(name), "ok": .bool(error == nil), "details": .array(details.map { .string($0) })]
    if let wake { object["wake_milliseconds"] = .number(wake.inMilliseconds) }
    if let error { object["error"] = .string(error) }
    return object
  }
}

extension Duration {
  /// To a tenth.
  fileprivate var inMilliseconds: Double { ((self / .milliseconds(1)) * 10).rounded() / 10 }
  fileprivate var milliseconds: String { "\(inMilliseconds) ms" }
}

/// What a person does after the demonstration.
struct NextSteps {
  let executable: String

  var all: [(purpose: String, command: String)] {
    let program = executable.quotedForShell
    return [
      ("Claude Code gets the bridge in all projects:", "claude mcp add --scope user cowork-bridge -- \(program) code"),
      ("Claude Desktop and Cowork start the same program as the other agent:", "\(program) cowork"),
      ("You can write to either of them yourself:", "\(program) send code \"Hello\""),
    ]
  }
}

extension String {
  fileprivate var quotedForShell: String {
    let plain = CharacterSet(charactersIn: "/._-+").union(.alphanumerics)
    if !isEmpty, unicodeScalars.allSatisfy(plain.contains) { return self }
    return "'" + replacing("'", with: "'\\''") + "'"
  }
}
