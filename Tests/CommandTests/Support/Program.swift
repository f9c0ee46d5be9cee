import Foundation

/// The built program, beside the test bundle.
enum Program {
  private final class Marker {}

  static let path: String = {
    let name = "cowork-code-mcp-server"
    let places = [Bundle(for: Marker.self).bundleURL, Bundle.main.bundleURL, Bundle.main.executableURL].compactMap { $0 }
      .flatMap { [$0, $0.deletingLastPathComponent()] }
    let found = places.map { $0.appendingPathComponent(name).path }.first { path in
      var isFolder: ObjCBool = false
      return FileManager.default.fileExists(atPath: path, isDirectory: &isFolder) && !isFolder.boolValue
    }
    guard let found else { fatalError("\(name) is not built beside the tests: \(places.map(\.path))") }
    return found
  }()
}
