import Bridge
import Foundation

extension Overview {
  private static let agentLimit = 8
  private static let shownTasks = 8

  /// One screen.
  func shown(_ place: String, _ width: Int) -> String {
    var text = Colours.strong(place.wrappedLine) + "\n\n"
    let mail = mail
    let ordered =
      agents.filter(\.online) + agents.filter { !$0.online && mail[$0.name] != nil } + agents.filter { !$0.online && mail[$0.name] == nil }
    text += table(
      Array(ordered.prefix(Self.agentLimit)),
      [
        .name { $0.name.brief(20) }, .presence { $0.online },
        TableColumn("SEEN", .right) { Ages.text(Self.age(of: $0.lastSeen)) },
        TableColumn("UNREAD", .right) { String($0.unreadMessages) },
        TableColumn("OLDEST", .right) { Ages.text(mail[$0.name]?.oldest) }, TableColumn("TASKS", .right) { limitedCount($0.openTasks) },
        TableColumn("HOST") { $0.host?.brief(14) }, TableColumn("CLIENT") { $0.client?.brief(18) },
      ])
    if ordered.count > Self.agentLimit { text += Colours.faint("and \(counted(ordered.count - Self.agentLimit, "more agent"))") + "\n" }
    for stranger in strangers.prefix(3) {
      text +=
        Colours.notable("\(counted(stranger.count, "unread message")) for \(stranger.agent.harmlessLine.brief(30)), which is no agent")
        + "\n"
    }
    text += sessionLines
    for aside in setAside.prefix(3) {
      text +=
        Colours.notable(
          "\(counted(aside.count, "message")) of \(aside.agent.harmlessLine.brief(30)) set aside: read --set-aside --as \(aside.agent.harmlessLine)"
        )
        + "\n"
    }
    text += "\n"
    if unread.isEmpty {
      text += "Nothing is unread.\n"
    } else {
      text +=
        Colours.notable("\(counted(unreadCount, "unread message"))\(Ages.text(oldestUnread).map { ", the oldest for \($0)" } ?? "").")
        + "\n"
    }
    if tasks.isEmpty { return text + "No task is open.\n" }
    let stale = staleTasks == 0 ? "" : ", \(staleTasks) of them stale"
    text += Colours.notable("\(counted(openTasks, "open task"))\(stale).") + "\n\n"
    text += table(
      Array(tasksByUrgency.prefix(Self.shownTasks)),
      [
        TableColumn("ID") { $0.task.id.map { String($0.prefix(8)) } }, .status { $0.task.shownStatus },
        TableColumn("FROM") { $0.task.sender?.brief(10) }, TableColumn("TO") { $0.task.recipient?.brief(10) },
        TableColumn("AGE", .right) { Ages.text($0.age) }, TableColumn("TITLE") { $0.task.title?.harmlessLine.brief(max(12, width - 60)) },
      ])
    if openTasks > Self.shownTasks {
      text += Colours.faint("and \(openTasks - Self.shownTasks) more: tasks --as NAME lists them") + "\n"
    }
    return text
  }

  /// The sessions of agents that have several.
  private var sessionLines: String {
    let several = Dictionary(grouping: sessions, by: \.agent).filter { $0.value.count > 1 }.sorted { $0.key < $1.key }
    return several.map { agent, sessions in
      let names = sessions.prefix(Self.agentLimit).map { $0.name.harmlessLine.brief(30) }.joined(separator: ", ")
      let more = sessions.count > Self.agentLimit ? ", and \(sessions.count - Self.agentLimit) more" : ""
      return "\(Colours.agent(agent.harmlessLine.brief(20))) has \(sessions.count) sessions: \(names)\(more)\n"
    }.joined()
  }

  private static func age(of time: String?) -> Double? {
    time.flatMap { ArchiveTime.seconds(of: $0) }.map { Date().timeIntervalSince1970 - $0 }
  }
}

extension BridgeTask {
  fileprivate var shownStatus: String? { stale ? "stale" : status?.brief(11) }
}
