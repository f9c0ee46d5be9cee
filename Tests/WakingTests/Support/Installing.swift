import Foundation
import JSON
import ProcessTesting

extension Sandbox {
  /// Runs the program without any `claude` of this machine.
  func install(_ arguments: [String], _ environment: [String: String] = [:], folder: String? = nil) async throws -> Outcome {
    try await run(arguments, environment: ["PATH": "/usr/bin:/bin"].merging(environment) { $1 }, folder: folder)
  }

  var backups: [String] { files.filter { $0.contains(".backup-") } }

  func json(_ path: String) throws -> JSON { try JSON(decoding: read(path) ?? "") }

  func link(_ path: String, to target: String) throws {
    let url = URL(fileURLWithPath: home + "/" + path)
    try FileManager.default.createDirectory(at: url.deletingLastPathComponent(), withIntermediateDirectories: true)
    try FileManager.default.createSymbolicLink(atPath: url.path, withDestinationPath: target)
  }

  func rights(_ path: String) throws -> Int? {
    try FileManager.default.attributesOfItem(atPath: home + "/" + path)[.posixPermissions] as? Int
  }

  func setRights(_ path: String, _ mode: Int) throws {
    try FileManager.default.setAttributes([.posixPermissions: mode], ofItemAtPath: home + "/" + path)
  }

  /// Writes a script that can be started. A child does it: another one that is being started meanwhile would hold the file open, which then
  /// is busy.
  func writeProgram(_ text: String, to path: String) async throws {
    let line = "mkdir -p \"$(dirname \"$0\")\" && cat >\"$0\" && chmod 755 \"$0\""
    let outcome = try await run(["-c", line, home + "/" + path], command: "/bin/sh", input: text)
    guard outcome.status == 0 else { throw TestingError("\(outcome)") }
  }

  /// Copies this program, in the same way.
  func copyProgram(to path: String) async throws { try await Shell.run(["cp", Program.path, home + "/" + path]) }

  /// A stand-in for `claude` that records its arguments and does what the real one does with its files.
  ///
  /// - Parameter before: lines of Python that come first.
  /// - Returns: the environment in which it is found.
  func standInClaude(_ before: String = "") async throws -> [String: String] {
    try await writeProgram(
      """
      #!/usr/bin/env python3
      import json, os, sys
      home, words = os.environ["HOME"], sys.argv[1:]
      with open(home + "/calls", "a") as calls: calls.write("".join(f"<{word}>" for word in words) + "\\n")
      \(before)
      path = ".mcp.json" if "project" in words else home + "/.claude.json"
      config = json.load(open(path)) if os.path.exists(path) else {}
      servers = config.setdefault("mcpServers", {})
      if words[1] == "add":
          end = words.index("--")
          servers[words[end - 1]] = {"type": "stdio", "command": words[end + 1], "args": words[end + 2:], "env": {}}
      else:
          del servers[words[-1]]
      json.dump(config, open(path, "w"), indent=2)
      """, to: "bin/claude")
    return ["PATH": "\(home)/bin:/usr/bin:/bin"]
  }
}
