import Bridge
import JSON
import Logging
import MCP
import SystemSupport

/// How a session is woken.
public struct WakeSettings: Sendable {
  public var announcements: Announcements.Settings
  /// Set if Claude Code named one.
  var inbox: InboxSocket?
  /// Shared with the session's hooks.
  var session: SessionRecord?

  public init(announcements: Announcements.Settings, inbox: InboxSocket? = nil, session: SessionRecord? = nil) {
    (self.announcements, self.inbox, self.session) = (announcements, inbox, session)
  }

  var isAttended: Bool { session?.isAttended != false }
}

/// Announces news to the Claude Code session that started this process, unless a waiting call returns it.
actor Announcer {
  private let service: BridgeService
  private let settings: WakeSettings
  private let envelope: Envelope
  private let channel: @Sendable (String, JSONObject) async -> Bool
  private let logger: Logger
  private let time = RunningTime()
  private var announcements: Announcements
  private var tasks: [Task<Void, Never>] = []
  private var laterLook: Task<Void, Never>?
  /// Posts that failed since the last that did not.
  private var failures = 0
  /// What went by the channel because a post failed.
  private var channelled: Set<UInt64> = []
  /// What another session is told first, and since when.
  private var left: [UInt64: Duration] = [:]
  private var isStopped = false
  /// A store or a record that failed is tried again after this time, with or without a hint.
  private static let patience = Duration.seconds(5)
  /// The longest time before a post that failed is tried again.
  private static let longestPause = Duration.seconds(300)

  /// - Parameter channel: sends a notification; returns false if it cannot.
  init(
    service: BridgeService, settings: WakeSettings, logger: Logger, channel: @escaping @Sendable (String, JSONObject) async -> Bool
  ) {
    self.service = service
    self.settings = settings
    self.logger = logger
    self.channel = channel
    announcements = Announcements(settings: settings.announcements)
    envelope = Envelope(identity: service.identity, settings: settings.announcements)
  }

  /// Starts if there is a session to tell. Another client may have inherited Claude Code's environment without being one.
  func clientIs(_ client: ClientInfo?) {
    guard client?.name == "claude-code", tasks.isEmpty, !isStopped else { return }
    // Subscribe before the first look, so that nothing is missed.
    let stirs = service.wakeUps(.idle)
    let endedWaits = service.waits.changes()
    tasks = [Task { for await hint in endedWaits { stirs.post(hint) } }, Task { await run(stirs) }]
    stirs.post(.resync)
  }

  func stop() {
    isStopped = true
    for task in tasks { task.cancel() }
    laterLook?.cancel()
    tasks = []
  }

  private func run(_ stirs: WakeUps) async {
    for await _ in stirs {
      let due = announcements.lookTime(after: time.now)
      guard (try? await Task.pause(for: due - time.now)) != nil else { return }
      do {
        let inbox = try await Inbox.look(through: service)
        var later: [Duration?] = []
        if announcements.mayAnnounce(inbox) || !hasBegun { later.append(await announce(inbox, try await FirstTold(of: service))) }
        later.append(left.values.map { $0 + FirstTold.patience }.filter { $0 > time.now }.min())
        lookAgain(at: later.compactMap(\.self).min(), stirs)
      } catch {
        logger.debug("looking for what to announce failed", metadata: ["error": "\(error)"])
        lookAgain(at: time.now + Self.patience, stirs)
      }
    }
  }

  private func lookAgain(at due: Duration?, _ stirs: WakeUps) {
    laterLook?.cancel()
    guard let due else { return }
    laterLook = Task { [time] in
      if (try? await Task.pause(for: due - time.now)) != nil { stirs.post(.resync) }
    }
  }

  /// Whether the session is one of a person, or what was there before it is known.
  private var hasBegun: Bool { settings.isAttended || announcements.hasBegun }

  /// - Returns: when to try again, if the session could not be told.
  private func announce(_ inbox: Inbox, _ first: FirstTold) async -> Duration? {
    let waits = service.waits
    let now = time.now
    let others = inbox.news.filter { !announcements.isTold($0) && !first.isOwn($0) }.map(\.key)
    left = Dictionary(others.map { ($0, left[$0] ?? now) }) { first, _ in first }
    let isAwaited = { @Sendable [left] (news: News) in
      left[news.key].map { now - $0 < FirstTold.patience } == true
        || waits.willReturn(messageFrom: news.isMessage ? .some(news.sender) : nil)
    }
    let isAttended = settings.isAttended
    @Sendable func decide(_ known: Announcements) -> (announcement: Announcements.Announcement, known: Announcements) {
      var known = known
      guard isAttended || known.hasBegun else { return (.init(records: known.begin(with: inbox, at: now)), known) }
      return (known.announce(inbox, isAwaited: isAwaited, at: now), known)
    }
    guard let socket = settings.inbox, let record = settings.session else {
      let announcement: Announcements.Announcement
      (announcement, announcements) = decide(announcements)
      if !announcement.isEmpty, await !channel(announcement) { announcements.takeBack(announcement) }
      return nil
    }
    // Record first: of server and hooks, the one that records the news tells it.
    let decision = await SystemThread.run { [announcements] in
      record.update { records in
        var known = announcements
        known.learn(records)
        let decision = decide(known)
        return (decision, decision.announcement.records)
      }
    }
    guard let decision else {
      logger.debug("what the session is told cannot be recorded", metadata: ["path": "\(record.path)"])
      return now + Self.patience
    }
    announcements = decision.known
    guard !decision.announcement.isEmpty else { return nil }
    return await post(decision.announcement, to: socket, record)
  }

  /// A post is recorded for the session's hooks. A channel notification is not, because the client may ignore it.
  private func post(_ announcement: Announcements.Announcement, to socket: InboxSocket, _ record: SessionRecord) async -> Duration? {
    let outcome = await socket.post(envelope.text(announcement))
    logger.debug("posted to the inbox socket", metadata: ["news": "\(announcement.news.count)", "outcome": "\(outcome)"])
    guard case .failed = outcome else {
      failures = 0
      return nil
    }
    await SystemThread.run { _ = record.append(announcement.takingBack) }
    announcements.takeBack(announcement)
    failures += 1
    if !isStopped, !announcement.news.allSatisfy({ channelled.contains($0.key) }), await channel(announcement) {
      channelled.formUnion(announcement.news.map(\.key))
    }
    let pause = settings.announcements.spacing * (1 << min(failures, 20))
    return time.now + min(pause, Self.longestPause)
  }

  private func channel(_ announcement: Announcements.Announcement) async -> Bool {
    guard await channel("notifications/claude/channel", notification(announcement)) else { return false }
    logger.debug("announced by the channel", metadata: ["news": "\(announcement.news.count)"])
    return true
  }

  /// The model sees attributes beside the text, so only valid names are among them.
  private func notification(_ announcement: Announcements.Announcement) -> JSONObject {
    let senders = Set(announcement.news.map(\.peer) + announcement.muted.compactMap(\.peer)).compactMap { try? Identity($0).name }.sorted()
    return [
      "content": .string(envelope.text(announcement)),
      "meta": [
        "agent": .string(service.identity.name), "from": .string(senders.prefix(10).joined(separator: ",")),
        "messages": .string("\(announcement.news.count(where: \.isMessage) + announcement.further)"),
        "tasks": .string("\(announcement.news.count { !$0.isMessage })"),
      ],
    ]
  }
}
