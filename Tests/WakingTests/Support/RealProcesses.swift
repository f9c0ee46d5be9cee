import Testing

/// Tests that start processes, one after the other: they also tell how soon something comes.
@Suite(.serialized) enum RealProcesses {}
