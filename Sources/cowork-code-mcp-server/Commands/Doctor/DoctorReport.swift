import Bridge
import BridgeServer
import MCP

/// Prints each finding at once, or all of them in one line of JSON.
final class DoctorReport {
  private let json: Bool
  /// Of a finding, beside its verdict and subject.
  private let width = Terminal.width - DoctorReport.indent
  private var findings: [Finding] = []
  private static let indent = 24

  init(json: Bool) { self.json = json }

  var hasFailure: Bool { findings.contains { $0.verdict == .failure } }

  func add(_ new: [Finding]) async throws {
    findings += new
    if !json { try await StandardStreams.write(new.map(text).joined()) }
  }

  func conclude() async throws {
    if json { return try await StandardStreams.write(DoctorOutput(ok: !hasFailure, checks: findings).jsonText + "\n") }
    let (failures, warnings) = (findings.count { $0.verdict == .failure }, findings.count { $0.verdict == .warning })
    let summary =
      failures > 0
      ? Colours.bad("\(counted(failures, "failure"))\(warnings > 0 ? " and \(counted(warnings, "warning"))" : "").")
      : warnings > 0 ? "No failure, and \(Colours.notable(counted(warnings, "warning")))." : Colours.good("All is well.")
    try await StandardStreams.write("\n\(summary)\n")
  }

  private func text(_ finding: Finding) -> String {
    let verdict = finding.verdict.rawValue
    let coloured =
      switch finding.verdict {
      case .ok: Colours.good(verdict)
      case .warning: Colours.notable(verdict)
      case .failure: Colours.bad(verdict)
      }
    let subject = finding.subject.harmlessLine
    let head = coloured + spaces(9 - verdict.columns) + Colours.strong(subject) + spaces(Self.indent - 9 - subject.columns)
    let found = Wrapping(first: width, rest: width).lines(of: finding.found.harmless).lines
    let advice = finding.advice.map { Wrapping(first: width - 2, rest: width - 2).lines(of: $0.harmless).lines } ?? []
    let lines = found + advice.enumerated().map { ($0.offset == 0 ? "→ " : "  ") + $0.element }
    return head + lines.joined(separator: "\n" + spaces(Self.indent)) + "\n"
  }

  private func spaces(_ count: Int) -> String { String(repeating: " ", count: max(1, count)) }
}

private struct DoctorOutput: StructuredOutput {
  let ok: Bool
  let checks: [Finding]

  static let schema = ObjectSchema<Self> {
    Field("ok", .boolean, \.ok)
    Field("checks", .array(.object()), \.checks)
  }
}

extension Finding: StructuredOutput {
  public static let schema = ObjectSchema<Self> {
    Field("verdict", .string, \.verdict.rawValue)
    Field("subject", .string, \.subject)
    Field("found", .string, \.found)
    Field("advice", .nullable(.string), \.advice)
  }
}
