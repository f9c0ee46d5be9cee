import Bridge
import SystemSupport

enum Terminal {
  /// The columns to write in: those of the terminal, 40 to 120; 80 without one.
  static var width: Int { FileDescriptor.standardOutput.terminalWidth.map { min(max($0, 40), 120) } ?? 80 }
}

/// The colours of a terminal, and what they mean. There are none without a terminal, nor with NO_COLOR.
enum Colours {
  private static let areUsed =
    FileDescriptor.standardOutput.isTerminal && Environment["TERM"] != "dumb" && Environment["NO_COLOR"] == nil

  /// - Parameter codes: of Select Graphic Rendition (ECMA-48).
  private static func paint(_ text: String, _ codes: String) -> String {
    text.isEmpty || !areUsed ? text : "\u{1B}[\(codes)m\(text)\u{1B}[0m"
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
