"""What the tools promise to return, written down once more and checked beside the SDK's own validation."""

import json

import jsonschema

TOOLS = {
    "send_message", "read_messages", "create_task", "get_tasks", "update_task", "wait_for_updates", "list_agents", "search_history",
}
RESOURCES = {"bridge://inbox", "bridge://tasks", "bridge://agents"}
TEMPLATES = {"bridge://messages/{id}", "bridge://tasks/{id}"}
PROMPTS = {"check_inbox", "delegate", "hand_off", "status"}

_NULLABLE = {"type": ["string", "null"]}


def _object(required, optional=None):
    properties = {**required, **(optional or {})}
    return {"type": "object", "properties": properties, "required": list(required), "additionalProperties": False}


def _list(item):
    return {"type": "array", "items": item}


_TEXT, _FLAG, _COUNT = {"type": "string"}, {"type": "boolean"}, {"type": "integer", "minimum": 0}
_UNREAD = {"unread": _object({"messages": _COUNT, "tasks": _COUNT})}
_MESSAGE = {name: _NULLABLE for name in ("id", "sender", "recipient", "content", "created_at", "reply_to", "task_id")} | {
    "redelivered": _FLAG}
_TASK = {
    name: _NULLABLE
    for name in (
        "id", "title", "description", "sender", "recipient", "status", "result", "created_at", "updated_at", "holder")
} | {"stale": _FLAG}
_ORIGIN = {"origin": _TEXT}
_EVENT = {name: _NULLABLE for name in ("at", "actor", "from", "to", "note")}
_AGENT = {
    "name": _TEXT, "online": _FLAG, "last_seen": _NULLABLE, "host": _NULLABLE, "client": _NULLABLE,
    "unread_messages": _COUNT, "open_tasks": _COUNT, "sessions": _COUNT,
}

SHAPES = {
    "send_message": _object(
        {"message_id": _TEXT, "to": _TEXT, "created_at": _TEXT, "recipient_online": _FLAG, "duplicate": _FLAG},
        {"reply": _object(_MESSAGE), "timed_out": _FLAG, **_ORIGIN, **_UNREAD}),
    "read_messages": _object(
        {"messages": _list(_object(_MESSAGE)), "remaining": _COUNT, "elsewhere": _COUNT, "set_aside": _COUNT}, _ORIGIN),
    "create_task": _object({"task_id": _TEXT, "status": _TEXT, "created_at": _TEXT, "recipient_online": _FLAG}, _UNREAD),
    "get_tasks": _object(
        {"tasks": _list(_object(_TASK)), "remaining": _COUNT}, {"history": _list(_object(_EVENT)), "next": _TEXT, **_UNREAD, **_ORIGIN}),
    "update_task": _object(_TASK, {**_UNREAD, **_ORIGIN}),
    "wait_for_updates": _object(
        {"messages": _list(_object(_MESSAGE)), "tasks": _list(_object(_TASK)), "timed_out": _FLAG}, _ORIGIN),
    "list_agents": _object({"self": _TEXT, "agents": _list(_object(_AGENT)), "remaining": _COUNT}, {**_UNREAD, **_ORIGIN}),
    "search_history": _object(
        {"messages": _list(_object(_MESSAGE, {"read": _FLAG, "read_at": _TEXT})), "more": _FLAG}, {**_UNREAD, **_ORIGIN}),
}


def check(tool, structured, text, declared):
    """The structured content has the documented shape, fits the declared schema, and the text block says the same."""
    assert structured == json.loads(text)
    jsonschema.validate(structured, SHAPES[tool], cls=jsonschema.Draft202012Validator)
    jsonschema.validate(structured, declared, cls=jsonschema.Draft202012Validator)
    return structured
