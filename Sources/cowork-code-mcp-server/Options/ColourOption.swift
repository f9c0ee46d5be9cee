import ArgumentParser
import Synchronization

/// Whether what is printed for people has colours.
struct ColourOption: ParsableArguments {
  enum When: String, CaseIterable, ExpressibleByArgument {
    case auto, always, never
  }

  @Option(help: "Colours: auto (on a terminal, unless NO_COLOR is set), always or never.")
  var color: When = .auto

  func validate() { Colours.choose(color) }
}
