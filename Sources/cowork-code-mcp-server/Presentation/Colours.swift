import Bridge
import Foundation
@preconcurrency import Rainbow

/// What has which colour. Colours are for a terminal only, and not where NO_COLOR is set.
enum Colours {
  /// To be called once, before anything is shown.
  static func prepare(plain: Bool = false) {
    let isTerminal = isatty(1) != 0 && Environment["TERM"] != "dumb"
    let wished = isTerminal && Environment["NO_COLOR"] == nil && !plain
    Rainbow.outputTarget = wished ? .console : .unknown
    Rainbow.enabled = wished
  }

  static func agent(_ text: String) -> String { text.cyan.bold }

  /// Each agent has a colour of its own, as far as there are colours.
  static func agent(_ text: String, named name: String) -> String {
    switch name {
    case Identity.code.name: text.cyan.bold
    case Identity.cowork.name: text.magenta.bold
    default:
      switch name.utf8.reduce(0, { ($0 &* 31 &+ Int($1)) % 997 }) % 4 {
      case 0: text.green.bold
      case 1: text.yellow.bold
      case 2: text.blue.bold
      default: text.lightRed.bold
      }
    }
  }

  static func strong(_ text: String) -> String { text.bold }
  static func faint(_ text: String) -> String { text.dim }
  static func good(_ text: String) -> String { text.green }
  static func bad(_ text: String) -> String { text.red.bold }
  static func notable(_ text: String) -> String { text.yellow }

  static func status(_ text: String) -> String {
    switch text.split(separator: " ").first.flatMap({ TaskStatus(rawValue: String($0)) }) {
    case .pending: text.yellow
    case .inProgress: text.blue
    case .completed: text.green
    case .failed: text.red
    case nil: text
    }
  }
}
