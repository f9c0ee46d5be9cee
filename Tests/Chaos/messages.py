"""The promises about messages."""

from __future__ import annotations

from record import NEVER, Call, Delivery, Record, Sent

KILLS = ("kill server", "kill server elsewhere", "kill client", "end sessions")
CUTS = ("black hole", "half-dead connections", "cut connections", "refused connections", "lost answers", "restart", "crash", "failover")
# The database forgets what it had not written yet. Marks and leases are not waited for.
CRASHES = ("crash", "failover")
# A lease lasts 30 s, and is renewed every 10 s.
LEASE = 30
PATIENCE = 15
KEPT = 600
# After the end of a call that failed, its server may still take something for it, and give that back.
AFTERMATH = 30


def came_from(message: dict) -> tuple[str, int]:
    """The session and the number in a text: "say code-1 17 …"."""
    _, session, number = message["content"].split()[:3]
    return session, int(number)


def nothing_accepted_is_lost(record: Record):
    for sent in record.sent.values() if record.final else ():
        if record.is_undone(sent.call):
            continue
        read = record.final["messages"].get(sent.id)
        events = [sent.call.event, sent.call.answer]
        if read is None and not was_pruned(record, sent.call):
            yield "an accepted message is not in the store", events
        elif read == 0:
            if sent.id not in record.final["set_aside"] and sent.call.start < record.over and not _may_be_leased_since_a_crash(record, sent):
                yield "a message was not delivered, although all asked for it", events
        elif sent.id not in record.deliveries and sent.id not in record.repeated and not _may_have_died_with_a_client(record, sent):
            yield "a message that nobody got counts as read", events


def _may_be_leased_since_a_crash(record: Record, sent: Sent) -> bool:
    """The database may have forgotten that a delivery was confirmed, and the lease of a server that lives lasts on: nobody else gets the message."""
    return any(
        delivery.call.end + LEASE > record.over and record.touched(delivery.call.start, delivery.call.end + 2, *CRASHES)
        for delivery in record.deliveries.get(sent.id, []))


def was_pruned(record: Record, call: Call) -> bool:
    """Whether what a call wrote may have been old enough for a prune."""
    start = record.first_try(call)
    has_wrong_time = record.touched(start, call.end, "clock")
    return any(
        start + prune.event["age"] <= prune.end or has_wrong_time and start <= prune.end for prune in record.of_kind("prune"))


def _may_have_died_with_a_client(record: Record, sent: Sent) -> bool:
    """A reply counts as delivered once it has left the server, and its client may die before it records it."""
    begun = record.first_try(sent.call)
    return any(
        call.end == NEVER and begun < record.deaths.get(call.session, 0) and _may_take(record, call, sent)
        and not _was_taken_before(record, sent, begun, call.start)
        for call in record.calls)


def _may_take(record: Record, call: Call, sent: Sent) -> bool:
    """Whether a call takes messages such as this one."""
    if call.agent != sent.recipient:
        return False
    match call.tool:
        case "wait_for_updates":
            return True
        case "read_messages":
            return call.args.get("mark_read", True) and call.args.get("from") in (None, sent.call.agent)
        case "send_message" if call.args.get("wait_seconds"):
            # Only the reply to what it sent. The id of that is in no result of this call, but whoever replied was shown it.
            questions = record.deliveries.get(sent.call.args.get("reply_to") or "", [])
            return any(question.message["content"] == call.args["content"] for question in questions)
    return False


def _was_taken_before(record: Record, sent: Sent, begun: float, time: float) -> bool:
    """Whether a call showed before this time that the message was not unread any more, and nobody was left who could give it back."""
    uncertain = [
        call.start for call in record.calls
        if not call.is_accepted and call.end + AFTERMATH >= begun and _may_take(record, call, sent)]
    return any(
        sent.call.end < look.start and look.end < time and _has_all(look, sent) and not any(start <= look.end for start in uncertain)
        for look in record.calls)


def _has_all(call: Call, sent: Sent) -> bool:
    """Whether a call returned all messages of its agent that were unread. A reply may be kept for another session."""
    return (
        call.tool == "read_messages" and call.agent == sent.recipient and call.is_accepted
        and call.args.get("from") in (None, sent.call.agent) and call.result.get("remaining") == 0
        and (not sent.call.args.get("reply_to") or call.result.get("elsewhere") == 0))


def nothing_is_made_up(record: Record):
    written = {}
    for call in record.calls:
        if call.tool == "send_message":
            written[(call.agent, call.args["content"])] = call
    ids: dict[tuple, Delivery] = {}
    for deliveries in record.deliveries.values():
        for delivery in deliveries:
            message, agent = delivery.message, delivery.call.agent
            call = written.get((message["sender"], message["content"]))
            if call is None or message["recipient"] != agent or call.args["to"] not in (agent, "*"):
                yield "a message arrived that nobody sent like this", [delivery.call.answer]
                continue
            other = ids.setdefault((agent, message["sender"], message["content"]), delivery)
            if other.message["id"] != message["id"] and not record.is_undone(call) and not record.is_undone(other.call):
                yield "a repeat with the same key made a second message", [other.call.answer, delivery.call.answer]


def a_key_has_one_message(record: Record):
    ids: dict[tuple, Call] = {}
    for call in record.calls:
        if call.tool in ("send_message", "create_task") and call.is_accepted and not record.is_undone(call):
            mine = call.result.get("message_id") or call.result.get("task_id")
            other = ids.setdefault((call.session, call.args.get("idempotency_key", mine)), call)
            if mine != (other.result.get("message_id") or other.result.get("task_id")):
                yield "a repeat with the same key was given another id", [other.answer, call.answer]


def what_comes_twice_says_so_and_why(record: Record):
    """A second delivery is marked, and only comes if the first may not have been confirmed."""
    following = _following_calls(record)
    for deliveries in record.deliveries.values():
        for first, second in zip(deliveries, deliveries[1:]):
            if record.is_undone(first.call):
                continue
            events = [first.call.answer, second.call.answer]
            if not second.is_again:
                yield "a message came twice and does not say so", events
            confirmed = following.get(first.call, record.deaths.get(first.call.session, NEVER))
            if not _may_be_unconfirmed(record, first.call, confirmed):
                yield "a message was confirmed by two", events


def _following_calls(record: Record) -> dict[Call, float]:
    """When the next call after each was answered by the same server: by then the first one is confirmed."""
    times, later = {}, {}
    for call in reversed(record.calls):
        server = (call.session, call.server)
        if server in later:
            times[call] = later[server]
        if call.is_accepted:
            later[server] = call.end
    return times


def _may_be_unconfirmed(record: Record, call: Call, confirmed: float) -> bool:
    mine = {call.session}
    if record.touched(call.start, confirmed, *KILLS, "clock", sessions=mine):
        return True
    # The backup has the lease.
    if any(restore.event["backup"] <= confirmed and call.start <= restore.end for restore in record.of_kind("restore")):
        return True
    if record.touched(call.start, confirmed + 2, *CRASHES):
        return True
    away = [fault for fault in record.faults if fault.kind not in ("prune", "copy", *KILLS) and fault.touches(call.start, confirmed, mine)]
    return sum(fault.end - fault.start for fault in away) > PATIENCE


def order_holds(record: Record):
    """What a session sent to an agent is delivered in its order, but for what is kept for one session, and what comes again."""
    streams: dict[tuple[str, str], list[tuple[int, Delivery]]] = {}
    for deliveries in record.deliveries.values():
        for delivery in deliveries:
            if delivery.call.tool != "send_message" and not delivery.message.get("reply_to"):
                session, number = came_from(delivery.message)
                streams.setdefault((session, delivery.call.agent), []).append((number, delivery))
    for (_, agent), stream in streams.items():
        yield from _order_within_replies(stream)
        yield from _order_between_replies(record, agent, [(number, each) for number, each in stream if not each.is_again])


def _order_within_replies(stream):
    last: dict[Call, int] = {}
    for number, delivery in stream:
        last.setdefault(delivery.call, number)
    for call in last:
        numbers = [came_from(message)[1] for message in call.result["messages"] if not message.get("reply_to")
                   and came_from(message)[0] == came_from(call.result["messages"][0])[0]]
        if numbers != sorted(numbers):
            yield "a reply has a sender's messages out of order", [call.answer]


def _order_between_replies(record: Record, agent: str, stream):
    earliest, later = None, 0
    for number, delivery in sorted(stream, key=lambda each: each[0], reverse=True):
        if earliest and number < later and earliest.call.end < delivery.call.start and not record.is_undone(earliest.call):
            sent = record.sent.get(delivery.message["id"])
            since = sent.call.start if sent else 0
            # What a call had taken that died or was broken off before its reply began to leave was never delivered, and comes late.
            if not record.touched(since, delivery.call.end, *KILLS, *CUTS, "restore", sessions=record.sessions_of(agent)):
                yield "a message came after a later one of its sender", [earliest.call.answer, delivery.call.answer]
        if earliest is None or delivery.call.end < earliest.call.end:
            earliest, later = delivery, number


def replies_are_kept(record: Record):
    """A reply goes to the session that asked, while that lives and for ten minutes."""
    for deliveries in record.deliveries.values():
        for delivery in deliveries:
            question = record.sent.get(delivery.message.get("reply_to") or "")
            if question is None or question.call.session == delivery.call.session or question.call.agent != delivery.call.agent:
                continue
            reply = record.sent.get(delivery.message["id"])
            since = reply.call.start if reply else question.call.start
            if not kept_no_longer(record, question.call.session, since, delivery.call.end):
                yield "a reply went to another session than the one that asked", [question.call.answer, delivery.call.answer]


def kept_no_longer(record: Record, session: str, since: float, until: float) -> bool:
    """Whether what is kept for a session may be anybody's by the time when a call returns it."""
    return (
        record.deaths.get(session, NEVER) < until or until > since + KEPT or until > record.over
        # A restored file may not know the session; its next heartbeat tells.
        or record.touched(since, until, "clock") or record.touched(since - 12, until, "restore"))


def copies_are_whole(record: Record):
    for copy in record.of_kind("copy"):
        if copy.event["status"] != 0:
            continue
        ids = set(copy.event["ids"])
        for sent in record.sent.values():
            if sent.call.end < copy.start and sent.id not in ids and not was_pruned(record, sent.call) and not record.is_undone(sent.call):
                yield "a copy lacks a message that was accepted before", [sent.call.answer]


PROMISES = (
    nothing_accepted_is_lost, nothing_is_made_up, a_key_has_one_message, what_comes_twice_says_so_and_why, order_holds, replies_are_kept,
    copies_are_whole,
)


def delays(record: Record) -> tuple[dict[str, float], float]:
    """The longest way of a message after the end of each kind of fault that it met, and of one that met none."""
    worst: dict[str, float] = {}
    usual = 0.0
    for sent in record.sent.values():
        deliveries = record.deliveries.get(sent.id)
        if not deliveries or record.is_undone(sent.call):
            continue
        start = sent.call.start if sent.call.args.get("wait_seconds") else sent.call.end
        end = deliveries[0].call.end
        concerned = record.sessions_of(sent.recipient) | {sent.call.session}
        met = [fault for fault in record.faults if fault.kind not in ("prune", "copy") and fault.touches(start, end, concerned)]
        if not met:
            usual = max(usual, end - start)
        elif (last := max(met, key=lambda fault: fault.end)).end <= end:
            worst[last.kind] = max(worst.get(last.kind, 0), end - max(start, last.end))
    return worst, usual
