import Foundation

/// The file of this program, whatever name and folder it was started with.
enum ThisProgram {
  static var path: String? { Bundle.main.executablePath }

  /// - Throws: `CommandFailure` where it cannot be told.
  static func found() throws -> String {
    guard let path else { throw CommandFailure("The file of this program cannot be found: start it by its path.") }
    return path
  }
}
