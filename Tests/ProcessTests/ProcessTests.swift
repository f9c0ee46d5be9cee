import Foundation
import Testing

/// The real program as processes. One test at a time: they measure, and each starts several processes.
@Suite(.serialized) struct ProcessTests {
  init() {
    // A server that was killed must not take its client with it.
    signal(SIGPIPE, SIG_IGN)
  }
}
