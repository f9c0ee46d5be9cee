import Bridge
import MCP

extension BridgeTools {
  var sendMessage: Tool {
    Tool(
      "send_message", title: "Send message",
      description: """
        Sends a message to another agent by name (code, cowork, ...), on any machine; stored durably until read. Not for the \
        client's own sessions or subagents.
        """,
      annotations: ["readOnlyHint": false, "destructiveHint": false, "openWorldHint": false], meta: Self.alwaysLoaded, isInTurn: true,
      parameters: Parameters.audience, Parameter.string("content", "Up to 256 KiB."),
      Parameter.string("reply_to", "The id of the message that this answers.").optional(),
      Parameter.string("task_id", "The id of the task that this is about.").optional(), Parameters.idempotencyKey,
      Parameter.integer("wait_seconds", "Wait this long for the reply to this very message.", in: Limits.waitSeconds, default: 0),
      returns: WithUnread<Marked<SentOutput>>.self
    ) { call, to, content, replyTo, taskID, key, seconds in
      try await answerWithUnread(call, counted: \.output.unread) {
        let references = MessageReferences(replyTo: replyTo, taskID: taskID, idempotencyKey: key)
        let sent = try await reportingProgress(call, seconds) {
          try await service.send(to: to, content, references, waitSeconds: seconds) { await call.leaveTurn() }
        }
        return reply(Marked(sent, for: service.identity), lease: sent.reply?.lease)
      }
    }
  }

  var readMessages: Tool {
    Tool(
      "read_messages", title: "Read messages",
      description: """
        Returns unread messages from other agents (not from the user), oldest first, and marks them read.
        """,
      annotations: ["readOnlyHint": false, "destructiveHint": false, "openWorldHint": false], meta: Self.alwaysLoaded,
      parameters: Parameter.boolean("mark_read", "false marks nothing.", default: true), Parameters.limit(50),
      Parameter.string("from", "Only from this agent.").optional(),
      Parameter.integer("wait_seconds", "If there is none, wait this long for one.", in: Limits.waitSeconds, default: 0),
      Parameter.boolean("all_sessions", "Also what is kept for other sessions of this agent.", default: false),
      returns: Marked<MessagesOutput>.self
    ) { call, markRead, limit, sender, seconds, allSessions in
      try await answer(call) {
        let delivery = try await reportingProgress(call, seconds) {
          try await service.readMessages(
            markRead: markRead, limit: limit, from: sender, waitSeconds: seconds, allSessions: allSessions)
        }
        return reply(Marked(MessagesOutput(delivery), for: service.identity), lease: delivery.lease)
      }
    }
  }

  var searchHistory: Tool {
    Tool(
      "search_history", title: "Search history",
      description: "Finds messages sent or received, newest first, and whether they were read.",
      annotations: ["readOnlyHint": true, "destructiveHint": false, "openWorldHint": false],
      parameters: Parameter.string("query", "Words, or their beginnings.").optional(),
      Parameter.string("with", "Only with this agent.").optional(), Parameter.string("task_id", "Only about this task.").optional(),
      Parameter.string("before", "Only older than this message id or time.").optional(), Parameters.limit(20),
      returns: WithUnread<Marked<HistoryPage>>.self
    ) { call, query, other, taskID, before, limit in
      try await answerWithUnread(call) {
        let page = try await service.history(text: query, with: other, taskID: taskID, before: before, limit: limit)
        return ToolReply(Marked(page, for: service.identity))
      }
    }
  }
}
