import Foundation

/// The terminal that standard output is.
enum Terminal {
  /// Columns to write in: the terminal's, at most 120; 80 where there is none.
  static var width: Int {
    var size = winsize()
    guard isatty(1) != 0, ioctl(1, UInt(TIOCGWINSZ), &size) == 0, size.ws_col > 0 else { return 80 }
    return min(max(Int(size.ws_col), 40), 120)
  }
}
