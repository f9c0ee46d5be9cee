import Foundation

/// The program that the build put beside the tests.
public enum Program {
  public static let path: String = {
    var folder = Bundle.main.bundleURL
    for bundle in Bundle.allBundles where bundle.bundlePath.hasSuffix(".xctest") { folder = bundle.bundleURL.deletingLastPathComponent() }
    let program = folder.appending(path: "cowork-code-mcp-server").path
    precondition(FileManager.default.isExecutableFile(atPath: program), "\(program) is missing: build it with swift build.")
    return program
  }()
}

/// What keeps a test from running; the text says what and why.
public struct TestingError: Error, CustomStringConvertible {
  public let description: String
  public init(_ description: String) { self.description = description }
}
