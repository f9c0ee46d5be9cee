import Foundation
import JSON
import ProcessTesting
import SystemSupport
import Testing

/// Requests that are piped into a server, whose input ends behind them.
extension ProcessTests {
  private func call(_ id: Int64, _ tool: String, _ arguments: JSONObject) -> JSONObject {
    [
      "jsonrpc": "2.0", "id": .integer(id), "method": "tools/call",
      "params": .object(["name": .string(tool), "arguments": .object(arguments)]),
    ]
  }

  private func lines(_ messages: [JSONObject]) -> String {
    let opening: JSONObject = [
      "jsonrpc": "2.0", "id": 0, "method": "initialize",
      "params": ["protocolVersion": "2025-11-25", "capabilities": [:], "clientInfo": ["name": "pipe", "version": "1"]],
    ]
    return ([opening] + messages).map { String(decoding: JSON.object($0).encoded(), as: UTF8.self) + "\n" }.joined()
  }

  private func ids(_ outcome: Outcome) throws -> [JSON] {
    try outcome.output.split(separator: "\n").compactMap { try JSON(decoding: String($0))["id"] }
  }

  @Test func pipedRequestsAreAnsweredWhileAnotherProgramLocksTheDatabase() async throws {
    let sandbox = try Sandbox()
    _ = try await sandbox.run("send", "cowork", "first")
    let sends = (1...50).map { call($0, "send_message", ["to": "cowork", "content": "x"]) }
    try sandbox.write(lines(sends), to: "requests")
    let outcome = try await sandbox.shell(
      """
      mkfifo sql
      sqlite3 '\(sandbox.database)' < sql > locked &
      exec 3> sql
      echo "BEGIN IMMEDIATE; SELECT 'locked';" >&3
      until [ -s locked ]; do sleep 0.01; done
      (sleep 2; echo 'COMMIT;' >&3) &
      exec 3>&-
      "$0" serve code < requests
      """)
    #expect(outcome.status == 0)
    #expect(try ids(outcome).count == 51, "\(outcome.errors)")
    #expect(!outcome.output.contains("isError"), "\(outcome.output)")
    #expect(try await sandbox.sqlite3("SELECT COUNT(*) FROM messages") == "51")
  }

  @Test func callsThatOnlyWaitReturnAtTheEndOfTheInput() async throws {
    let sandbox = try Sandbox()
    let calls = [
      call(1, "wait_for_updates", ["timeout_seconds": 55]), call(2, "send_message", ["to": "cowork", "content": "x", "wait_seconds": 55]),
      call(3, "read_messages", ["wait_seconds": 55]),
    ]
    let outcome = try await sandbox.run("serve", "code", input: lines(calls))
    #expect(outcome.status == 0 && outcome.elapsed < .seconds(20))
    #expect(try Set(ids(outcome)) == [0, 1, 2, 3])
    #expect(outcome.output.contains(#""timed_out":true"#))
    #expect(try await sandbox.sqlite3("SELECT COUNT(*) FROM messages") == "1")
  }

  @Test func aReaderThatIsSlowGetsAllBytes() async throws {
    let sandbox = try Sandbox()
    let lists: [JSONObject] = (1...60).map { ["jsonrpc": "2.0", "id": .integer($0), "method": "tools/list"] }
    try sandbox.write(lines(lists), to: "requests")
    let outcome = try await sandbox.shell(#""$0" serve code < requests | (sleep 2; cat)"#)
    #expect(try ids(outcome).count == 61)
    #expect(outcome.output.utf8.count > 300_000)
  }

  @Test func aByteOrderMarkBeforeTheFirstMessageIsPassedOver() async throws {
    let sandbox = try Sandbox()
    let outcome = try await sandbox.run("serve", "code", input: "\u{FEFF}" + lines([]))
    #expect(try ids(outcome) == [0])
  }

  /// The client's child, which outlives it, has inherited the ends of its pipes.
  @Test(arguments: ["dies", "closes"]) func aClientThatIsGoneIsNoticedThoughItsPipeIsOpen(_ how: String) async throws {
    let sandbox = try Sandbox()
    let script = """
      import os, signal, subprocess, sys, time
      def client():
          (mine, servers), (reading, writing) = os.pipe()[::-1], os.pipe()
          server = subprocess.Popen([sys.argv[1], "serve", "code"], stdin=servers, stdout=writing)
          os.close(servers); os.close(writing)
          os.write(mine, b'{"jsonrpc":"2.0","id":1,"method":"ping"}\\n')
          os.read(reading, 100)
          other = subprocess.Popen(["sleep", "60"], pass_fds=[mine, reading] if sys.argv[2] == "dies" else [mine])
          print(server.pid, other.pid, flush=True)
          if sys.argv[2] == "dies": os.kill(os.getpid(), 9)
          os.close(reading)
          return server
      def state(pid):
          try: return open(f"/proc/{pid}/stat").read().rsplit(")")[1].split()[0]
          except FileNotFoundError: return "Z"
      if sys.argv[2] == "closes": print(client().wait(timeout=10))
      else:
          run = subprocess.run([sys.executable, "-c", sys.argv[3], sys.argv[1], "dies", ""] , stdout=subprocess.PIPE) if sys.argv[3] else client()
          server, other = map(int, run.stdout.split())
          end = time.time() + 10
          while state(server) != "Z" and time.time() < end: time.sleep(0.05)
          print("alive" if state(server) != "Z" else 0)
          for pid in (server, other):
              try: os.kill(pid, 9)
              except ProcessLookupError: pass
      """
    let outcome = try await sandbox.run(["-c", script, Program.path, how, script], command: "python3")
    #expect(outcome.output.split(separator: "\n").last == "0", "\(outcome)")
  }

  #if os(Linux)
    /// The first process of a pid namespace gets no signal that it does not handle.
    @Test(arguments: ["SIGINT", "SIGTERM", "SIGHUP"], ["serve code", "wait"])
    func theFirstProcessOfAContainerHeedsSignals(_ signal: String, _ command: String) async throws {
      let sandbox = try Sandbox()
      _ = try await sandbox.run("send", "cowork", "x")
      let script = """
        import os, signal, subprocess, sys, time
        signal.alarm(30)
        user = [] if os.geteuid() == 0 else ["--user", "--map-root-user"]
        outer = subprocess.Popen(["unshare"] + user + ["--pid", "--fork", "--kill-child"] + sys.argv[2:], stdin=subprocess.PIPE,
                                 stderr=subprocess.PIPE)
        while not (inner := open(f"/proc/{outer.pid}/task/{outer.pid}/children").read().split()): time.sleep(0.01)
        while b"trace" not in (line := outer.stderr.readline()) and b"debug" not in line: assert line
        os.kill(int(inner[0]), getattr(signal, sys.argv[1]))
        outer.wait(timeout=10)
        print("ended")
        """
      let arguments = ["-c", script, signal, Program.path] + command.split(separator: " ").map(String.init) + ["--log-level", "trace"]
      #expect(try await sandbox.run(arguments, command: "python3").output == "ended\n")
    }
  #endif
}
