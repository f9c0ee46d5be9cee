import Bridge
import SystemSupport

/// When a hook of Claude Code tells news.
public enum HookMoment: Sendable {
  /// A session begins: it is also told of open tasks that the agent has seen, because it does not know of them.
  case start
  /// A prompt, typed or not.
  case prompt
  /// Within or after a turn.
  case turn
}

/// What a hook has found for its agent.
public struct HookNews: Sendable {
  let identity: Identity
  let moment: HookMoment
  let inbox: Inbox

  /// The news for the model, recorded as told; nil if there is nothing new. Blocks briefly.
  ///
  /// - Parameter record: what the session has been told; nil if the session is unknown. What cannot be recorded is told at its start alone,
  ///   which comes once.
  public func note(for record: SessionRecord?, _ settings: Announcements.Settings) -> HookNote? {
    func note(_ records: [AnnouncementRecord]) -> (value: HookNote?, records: [AnnouncementRecord]) {
      var announcements = Announcements(settings: settings, records: records)
      let now = RunningTime().now
      if record?.isAttended == false, !announcements.hasBegun { return (nil, announcements.begin(with: inbox, at: now)) }
      let announcement = announcements.announce(inbox, isWake: moment == .turn, at: now)
      let text = Envelope(identity: identity, settings: settings).text(announcement)
      let note = HookNote(text: text, record: record, takingBack: announcement.takingBack)
      return (announcement.isEmpty ? nil : note, announcement.records)
    }
    if inbox.news.isEmpty, record?.isAttended != false { return nil }
    if let told = record?.update(note) { return told }
    return moment == .start && record?.isAttended != false ? note([]).value : nil
  }
}

/// What a hook tells a session.
public struct HookNote: Sendable {
  public let text: String
  fileprivate let record: SessionRecord?
  fileprivate let takingBack: [AnnouncementRecord]

  /// It did not reach the session, and may be told again. Blocks briefly.
  public func takeBack() { record?.append(takingBack) }
}

extension BridgeService {
  /// Looks into the inbox for a hook. Marks nothing.
  public func hookNews(at moment: HookMoment) async throws(BridgeError) -> HookNews {
    var inbox = try await Inbox.look(through: self, includesOpenTasks: moment == .start)
    if !inbox.news.isEmpty {
      // What has just come is told to one session at a time.
      let first = try await FirstTold(of: self)
      inbox.news.removeAll { !first.isOwn($0) && $0.isYounger(than: FirstTold.patience) }
    }
    return HookNews(identity: identity, moment: moment, inbox: inbox)
  }
}

extension News {
  fileprivate func isYounger(than age: Duration) -> Bool {
    time.map { (0..<age / .seconds(1)).contains(WallClock.now - $0) } ?? false
  }
}
