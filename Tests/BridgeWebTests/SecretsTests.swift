import Bridge
import Foundation
import ProcessTesting
import Testing

@testable import BridgeWeb

@Suite struct SecretsTests {
  let sandbox: Sandbox
  init() throws { sandbox = try Sandbox() }

  private var folder: String { sandbox.home + "/bridge/web" }
  private var file: String { folder + "/4747.key" }
  private func mode(_ path: String) throws -> Int? { try FileManager.default.attributesOfItem(atPath: path)[.posixPermissions] as? Int }

  @Test func theyAreKeptForThisUserOnly() throws {
    let first = try Secrets.kept(for: 4747, in: folder)
    #expect(try mode(folder) == 0o700 && mode(file) == 0o600)
    #expect(try Secrets.kept(for: 4747, in: folder) == first)
    #expect(try Secrets.kept(for: 4748, in: folder) != first)
    #expect(first.key != first.cookie && first.key.count == 32 && first.cookie.count == 32)
    #expect(try FileManager.default.contentsOfDirectory(atPath: folder).sorted() == ["4747.key", "4748.key"])
  }

  @Test func nothingIsKeptForAPortThatChanges() throws {
    #expect(try Secrets.kept(for: 0, in: folder) != Secrets.kept(for: 0, in: folder))
    #expect(!FileManager.default.fileExists(atPath: folder))
  }

  @Test(arguments: ["", "x", "\n", "0123456789abcdef0123456789abcdef\n", String(repeating: "é", count: 200)])
  func aDamagedFileIsReplaced(_ text: String) throws {
    let first = try Secrets.kept(for: 4747, in: folder)
    try Data(text.utf8).write(to: URL(fileURLWithPath: file))
    let second = try Secrets.kept(for: 4747, in: folder)
    #expect(second != first)
    #expect(try Secrets.kept(for: 4747, in: folder) == second && mode(file) == 0o600)
  }

  @Test(arguments: [0o640, 0o604, 0o660, 0o666])
  func aFileThatOthersCouldReadIsReplaced(_ permissions: Int) throws {
    let first = try Secrets.kept(for: 4747, in: folder)
    try FileManager.default.setAttributes([.posixPermissions: permissions], ofItemAtPath: file)
    #expect(try Secrets.kept(for: 4747, in: folder) != first)
    #expect(try mode(file) == 0o600)
  }

  @Test func linksAreNotFollowed() throws {
    _ = try Secrets.kept(for: 4747, in: folder)
    let other = sandbox.home + "/other"
    try FileManager.default.moveItem(atPath: file, toPath: other)
    try FileManager.default.createSymbolicLink(atPath: file, withDestinationPath: other)
    let before = try Data(contentsOf: URL(fileURLWithPath: other))
    #expect { try Secrets.kept(for: 4747, in: folder) } throws: { "\($0)".contains(file) && "\($0)".contains("no link") }
    #expect(try Data(contentsOf: URL(fileURLWithPath: other)) == before)
    try FileManager.default.createSymbolicLink(atPath: sandbox.home + "/link", withDestinationPath: folder)
    #expect(throws: BridgeError.self) { try Secrets.kept(for: 4747, in: sandbox.home + "/link") }
  }

  @Test func aFolderThatOthersMayUseIsRefused() throws {
    _ = try Secrets.kept(for: 4747, in: folder)
    try FileManager.default.setAttributes([.posixPermissions: 0o755], ofItemAtPath: folder)
    #expect { try Secrets.kept(for: 4747, in: folder) } throws: { "\($0)".contains("chmod 700") }
  }

  @Test func theyDescribeThemselvesWithoutTheKey() {
    let secrets = Secrets()
    #expect(!"\(secrets) \(String(reflecting: secrets))".contains(secrets.key))
  }
}
