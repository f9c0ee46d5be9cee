"""A history as its checker sees it: calls with their results, deliveries, faults."""

from __future__ import annotations

from dataclasses import dataclass, field

NEVER = float("inf")


@dataclass(eq=False)
class Call:
    event: dict
    agent: str
    session: str
    server: int
    tool: str
    args: dict
    start: float
    end: float = NEVER
    result: dict | None = None
    answer: dict | None = None
    """The event of the result, or of its absence."""

    @property
    def is_accepted(self) -> bool:
        return self.result is not None


@dataclass(eq=False)
class Delivery:
    message: dict
    call: Call

    @property
    def is_again(self) -> bool:
        return self.message["redelivered"]


@dataclass(eq=False)
class Fault:
    kind: str
    target: str
    start: float
    end: float
    event: dict

    def touches(self, start: float, end: float, sessions: set[str] | None = None) -> bool:
        return self.start <= end and start <= self.end and (sessions is None or self.target == "*" or self.target in sessions)


@dataclass(eq=False)
class Sent:
    """A message that was accepted: its id, and the first call that said so."""

    id: str
    call: Call
    recipient: str


@dataclass
class Record:
    agents: dict[str, str] = field(default_factory=dict)
    """The agents of sessions."""
    calls: list[Call] = field(default_factory=list)
    faults: list[Fault] = field(default_factory=list)
    deaths: dict[str, float] = field(default_factory=dict)
    """When clients died."""
    ends: list[dict] = field(default_factory=list)
    """The ends of servers' output."""
    pids: dict[tuple[str, int], int] = field(default_factory=dict)
    over: float = NEVER
    """When the sessions were told to end."""
    final: dict | None = None
    sent: dict[str, Sent] = field(default_factory=dict)
    deliveries: dict[str, list[Delivery]] = field(default_factory=dict)
    tries: dict[tuple[str, str, str], float] = field(default_factory=dict)
    """When a session first called a tool with a key."""
    repeated: set[str] = field(default_factory=set)
    """Replies that a call with a repeated key returned: it does so whether they were delivered before or not."""

    def sessions_of(self, agent: str) -> set[str]:
        return {session for session, owner in self.agents.items() if owner == agent}

    def is_undone(self, call: Call) -> bool:
        """Whether a file was restored that did not have the call yet, or may not have had it."""
        return any(call.end >= fault.event["backup"] and call.start <= fault.end for fault in self.of_kind("restore"))

    def of_kind(self, *kinds: str) -> list[Fault]:
        return [fault for fault in self.faults if fault.kind in kinds]

    def first_try(self, call: Call) -> float:
        """When the first call with its key began: that may have been carried out although its answer was lost."""
        return self.tries.get((call.session, call.tool, call.args.get("idempotency_key")), call.start)

    def touched(self, start: float, end: float, *kinds: str, sessions: set[str] | None = None) -> bool:
        return any(fault.touches(start, end, sessions) for fault in self.of_kind(*kinds))


def read(events: list[dict]) -> Record:
    record, open_calls = Record(), {}
    for event in sorted(events, key=lambda event: event["t"]):
        key = (event.get("session"), event.get("server"), event.get("id"))
        match event["ev"]:
            case "session":
                record.agents[event["session"]] = event["agent"]
            case "server":
                record.pids[key[:2]] = event.get("pid", 0)
            case "gone":
                record.ends.append(event)
            case "died":
                record.deaths[event["session"]] = event["t"]
            case "call":
                agent = record.agents[event["session"]]
                open_calls[key] = Call(event, agent, event["session"], event["server"], event["tool"], event["args"], event["t"])
                record.calls.append(open_calls[key])
                if "idempotency_key" in event["args"]:
                    record.tries.setdefault((event["session"], event["tool"], event["args"]["idempotency_key"]), event["t"])
            case "ret" | "none" if key in open_calls:
                call = open_calls[key]
                call.end, call.result, call.answer = event["t"], event.get("result"), event
            case "fault":
                record.faults.append(Fault(event["kind"], event["target"], event["t"], event["until"], event))
            case "end":
                record.over = event["t"]
            case "final":
                record.final = event
    for call in record.calls:
        if call.is_accepted:
            _note(record, call)
    for deliveries in record.deliveries.values():
        deliveries.sort(key=lambda delivery: delivery.call.end)
    return record


def _note(record: Record, call: Call) -> None:
    if call.tool == "send_message":
        receipts = call.result.get("sent") or [call.result]
        for receipt in receipts:
            if receipt.get("message_id") and receipt["message_id"] not in record.sent:
                record.sent[receipt["message_id"]] = Sent(receipt["message_id"], call, receipt["to"])
        messages = [call.result["reply"]] if "reply" in call.result else []
        if call.result.get("duplicate"):
            record.repeated.update(message["id"] for message in messages)
            return
    else:
        messages = call.result.get("messages", [])
    for message in messages:
        record.deliveries.setdefault(message["id"], []).append(Delivery(message, call))
