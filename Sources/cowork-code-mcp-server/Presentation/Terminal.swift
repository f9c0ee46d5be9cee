import Bridge
import Foundation
import Synchronization
import SystemSupport

enum Terminal {
  /// The columns to write in: those of the terminal, 40 to 120; 80 without one.
  static var width: Int { FileDescriptor.standardOutput.terminalWidth.map { min(max($0, 40), 120) } ?? 80 }

  /// Nil without a terminal: then lines are as long as they are.
  static var lineWidth: Int? { FileDescriptor.standardOutput.terminalWidth.map { max($0, 20) } }
}

/// The colours of a terminal, and what they mean. Unless the user chooses, there are none without a terminal, nor with NO_COLOR.
enum Colours {
  private static let areUsed = Atomic(
    FileDescriptor.standardOutput.isTerminal && Environment["TERM"] != "dumb" && Environment["NO_COLOR"] == nil)

  static func choose(_ when: ColourOption.When) { if when != .auto { areUsed.store(when == .always, ordering: .relaxed) } }

  /// - Parameter codes: of Select Graphic Rendition (ECMA-48).
  private static func paint(_ text: String, _ codes: String) -> String {
    text.isEmpty || !areUsed.load(ordering: .relaxed) ? text : "\u{1B}[\(codes)m\(text)\u{1B}[0m"
  }

  static func strong(_ text: String) -> String { paint(text, "1") }
  static func faint(_ text: String) -> String { paint(text, "2") }
  static func good(_ text: String) -> String { paint(text, "32") }
  static func bad(_ text: String) -> String { paint(text, "31;1") }
  static func notable(_ text: String) -> String { paint(text, "33") }
  static func agent(_ text: String) -> String { paint(text, "36;1") }

  /// Each agent has a colour of its own, as far as there are colours.
  static func agent(_ text: String, named name: String) -> String {
    switch name {
    case Identity.code.name: paint(text, "36;1")
    case Identity.cowork.name: paint(text, "35;1")
    default: paint(text, ["32;1", "33;1", "34;1", "91;1"][name.utf8.reduce(0) { ($0 &* 31 &+ Int($1)) % 997 } % 4])
    }
  }

  static func status(_ text: String) -> String {
    switch text.split(separator: " ").first.flatMap({ TaskStatus(rawValue: String($0)) }) {
    case .pending: paint(text, "33")
    case .inProgress: paint(text, "34")
    case .completed: paint(text, "32")
    case .failed: paint(text, "31")
    case nil: text
    }
  }
}

/// Times and spans for people.
enum Ages {
  /// `12 s`, `5 min`, `3 h`, `12 d`.
  static func text(_ seconds: Double?) -> String? {
    guard let seconds, seconds.isFinite else { return nil }
    switch max(0, seconds) {
    case let age where age < 90: return "\(Int(age)) s"
    case let age where age < 5_400: return "\(Int((age / 60).rounded())) min"
    case let age where age < 172_800: return "\(Int((age / 3_600).rounded())) h"
    case let age where age < 1e11: return "\(Int((age / 86_400).rounded())) d"
    default: return nil
    }
  }

  /// A local time by a pattern of strftime(3).
  static func local(_ time: Double, _ pattern: String) -> String {
    // Beyond this the fields of a date overflow.
    guard abs(time) < 1e11 else { return "" }
    var seconds = time_t(time.rounded(.down))
    var fields = tm()
    localtime_r(&seconds, &fields)
    var buffer = [CChar](repeating: 0, count: 64)
    let count = strftime(&buffer, buffer.count, pattern, &fields)
    return String(decoding: buffer.prefix(count).map(UInt8.init(bitPattern:)), as: UTF8.self)
  }
}
