"""Paths, methods, heads, bodies and JSON that are wrong. Each is refused with a reason, and none with a fault of the server."""

import json
import random

import pytest

from web import SECRET, read_answer, status

# What ends before a store is asked.
ON_ONE_STORE = pytest.mark.parametrize("store", ["SQLite"], indirect=True)

PATHS = (
    """
/.. /../.. /../etc/passwd /%2e%2e/%2e%2e/etc/passwd /..%2f..%2fetc%2fpasswd /.%2e/ /%252e%252e/ /..%5c..%5c // /// //etc/passwd
//evil.example/ /./ /page.js/ /page.js/.. /page.js%00 /%00 /page.js%00.css /% /%zz /%c0%ae%c0%ae/ /api /api/ /api/nothing /api//state
/API/state /api/state/ /api/state/x /api/%73tate /index.html /.git/config /Page/page.js /favicon.ico /page.js.map
/api/transcript?limit=0 /api/transcript?limit=-1 /api/transcript?limit=201 /api/transcript?limit=1e9 /api/transcript?limit=x
/api/transcript?limit=99999999999999999999 /api/transcript?before= /api/transcript?before=x /api/transcript?after=x /api/transcript?at=x
/api/transcript?before=1&after=1 /api/transcript?agent= /api/transcript?agent=nobody /api/transcript?agent=%00 /api/transcript?agent=%ff
/api/transcript?before=9223372036854775808 /api/transcript?at=%27%3B%20DROP%20TABLE%20messages%3B-- /api/transcript?limit=1&limit=2
/api/transcript?__proto__=1 /api/message /api/message?id= /api/message?id=%00 /api/message?id=* /api/message?id=%25 /api/task
/api/task?id= /api/task?id=_ /api/tasks /api/tasks?status= /api/tasks?status=nothing /api/tasks?status=pending&cursor=x
/api/tasks?status=pending&limit=0 /api/search /api/search?query= /api/search?query=%00 /api/search?query=%22%27*(
/api/search?query=a&before=x /api/search?query=a&limit=x /api/search?query=NEAR( /api/search?query=%25%25%25
/api/search?query=x%20OR%20content%3A*
""".split()
    + [
        "/..%5c..%5c", "/..\\..\\", "/" + "a" * 10_000, "/" + "/" * 10_000, "/" + "%41" * 3_000, "/?" + "q=" * 5_000,
        "/conversations/" + "%F0%9F%99%82" * 700, "/api/transcript?before='%20OR%201=1--", "/api/message?id=" + "x" * 9_000,
        "/api/search?query=" + "x" * 9_000,
    ]
)


def get(web, target: str) -> bytes:
    data = f"GET {target} HTTP/1.1\r\nHost: 127.0.0.1:{web.port}\r\nCookie: {web.cookie}\r\nConnection: close\r\n\r\n"
    return web.raw(data.encode("latin1", "replace"))


def test_odd_paths(web):
    for path in PATHS:
        answer = get(web, path)
        assert status(answer) is None or status(answer) < 500, f"{path[:100]}: {answer[:300]}"
        assert b"root:" not in answer and b"[core]" not in answer
        if path.startswith("/api/"):
            body = answer.partition(b"\r\n\r\n")[2]
            assert status(answer) in (200, 400, 403, 404, 414, 431, None), f"{path[:100]}: {answer[:300]}"
            assert status(answer) in (200, None, 431) or b'"error"' in body, f"{path[:100]}: {answer[:300]}"
    targets = (
        "*", "http://evil.example/api/state", f"http://127.0.0.1:{web.port}/../../etc/passwd", "evil", "", "?", "#", "/\t", "/\x00",
        "/\x7f", "/\xff", "/ /api/state", "/#/api/state", "@evil.example/", "file:///etc/passwd",
    )
    for target in targets:
        answer = get(web, target)
        assert status(answer) is None or status(answer) < 500, f"{target!r}: {answer[:300]}"
        assert SECRET.encode() not in answer and b"root:" not in answer


@ON_ONE_STORE
def test_odd_methods(web):
    for method in (
        "OPTIONS", "TRACE", "CONNECT", "PUT", "DELETE", "PATCH", "PROPFIND", "PRI", "get", "GET2", "X" * 5_000, "\x00", "G ET", "",
    ):
        for target in ("/", "/api/state", "*", f"127.0.0.1:{web.port}"):
            answer = web.raw(
                f"{method} {target} HTTP/1.1\r\nHost: 127.0.0.1:{web.port}\r\nCookie: {web.cookie}\r\nConnection: close\r\n\r\n".encode()
            )
            assert status(answer) is None or 400 <= status(answer) < 500 or status(answer) in (501, 204), (
                f"{method[:50]} {target}: {answer[:300]}"
            )
            # TRACE would give a script the cookie.
            assert web.cookie.encode() not in answer and SECRET.encode() not in answer
    for upgrade in ("websocket", "h2c", "TLS/1.0"):
        answer = web.raw(
            (
                f"GET /api/events HTTP/1.1\r\nHost: 127.0.0.1:{web.port}\r\nConnection: Upgrade\r\nUpgrade: {upgrade}\r\n"
                "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\nSec-WebSocket-Version: 13\r\n\r\n"
            ).encode()
        )
        assert status(answer) in (400, 403, 426, None), f"{upgrade}: {answer[:300]}"
    for version in ("HTTP/0.9", "HTTP/2.0", "HTTP/9.9", "HTTP/1.1x", "http/1.1", "", "SIP/2.0"):
        answer = web.raw(f"GET /api/state {version}\r\nHost: 127.0.0.1:{web.port}\r\nConnection: close\r\n\r\n".encode())
        assert status(answer) is None or 400 <= status(answer) < 500 or status(answer) == 505, f"{version}: {answer[:300]}"
        assert SECRET.encode() not in answer


WRONG = (
    b"",
    b" ",
    b"{",
    b"}",
    b"[]",
    b"null",
    b"1",
    b'"x"',
    b"{]",
    b'{"to":"code"',
    b"\x00",
    b"\xff\xfe",
    b"\xef\xbb\xbf{}",
    b'{"to":NaN}',
    b'{"to":Infinity}',
    b"[" * 100_000,
    b'{"a":' * 100_000,
    b"[" * 5_000 + b"]" * 5_000,
    b'{"to":"code","content":' + b"[" * 2_000 + b"]" * 2_000 + b',"key":"k"}',
    b'{"to":"code","content":"x","key":"k"}{"to":"code"}',
    b'{"to":"code","content":"x","key":"k"} x',
    b"{'to':'code'}",
    b'{"to":"code",}',
    b'{to:"code"}',
    b'{"to":"code","content":"\xed\xa0\x80","key":"k"}',
    b'{"to":"code","content":"\xff","key":"k"}',
    b'{"to":"code","content":"a\nb","key":"k"}',
    b'{"to":"code","content":"\\x41","key":"k"}',
    b'{"to":"code","content":1,"key":"k"}',
    b'{"to":["code"],"content":"x","key":"k"}',
    b'{"to":{"$ne":null},"content":"x","key":"k"}',
    b'{"to":"code","content":null,"key":"k"}',
    b'{"to":"code","key":"k"}',
    b'{"content":"x","key":"k"}',
    b'{"to":"nobody-here","content":"x","key":"k"}',
    b'{"to":"code","content":"","key":"k"}',
    b'{"to":"code","content":"x","key":1}',
    b'{"to":"code","content":"x","key":"k","reply_to":"none"}',
    b'{"to":"code","content":"x","key":"k","task_id":"none"}',
    b'{"to":"code","content":"x","key":"k","reply_to":5}',
    b'{"id":"none","status":"completed"}',
    b'{"id":"none","status":"nothing"}',
    b'{"id":5,"status":"failed"}',
    b'{"id":"","status":""}',
    b'{"to":"code","title":5,"description":"x","key":"k"}',
    b'{"to":"code","title":"","description":"x","key":"k"}',
    b'{"from":5}',
    b'{"from":["code"]}',
    b'{"__proto__":{"to":"code"},"constructor":1}',
    json.dumps({"to": "code", "content": "x" * 300_000, "key": "k"}).encode(),
    json.dumps({"to": "c" * 5_000, "content": "x", "key": "k"}).encode(),
    b'{"to":"code","content":"x","content":1,"key":"k"}',
    b'{"to":"code","to":"nobody-here","content":"x","key":"k"}',
    b'{"n":1e999999}',
    b'{"n":' + b"9" * 50_000 + b"}",
)


@pytest.mark.parametrize("path", ["messages", "tasks", "task", "read"])
def test_json_that_is_wrong(web, path):
    for body in WRONG:
        if path == "read" and body in (b"{}", b'{"from":"code"}'):
            continue
        code, answer = web.post(f"/api/{path}", body)
        assert code < 500, f"{body[:200]}: {code} {answer}"
        assert path == "read" and code == 200 or 400 <= code < 500 and answer["error"]["message"] and answer["error"]["code"], (
            f"{body[:200]}: {code} {answer}"
        )


@ON_ONE_STORE
def test_damaged_requests(web):
    """A real request with random damage, again and again; a seed makes it repeatable."""
    dice = random.Random(17)
    body = b'{"to":"nobody-here","content":"x","key":"k"}'
    whole = (
        f"POST /api/messages?x=%20y HTTP/1.1\r\nHost: 127.0.0.1:{web.port}\r\nCookie: {web.cookie}\r\nOrigin: {web.address}\r\n"
        f"Content-Type: application/json\r\nContent-Length: {len(body)}\r\nConnection: close\r\n\r\n"
    ).encode() + body
    for _ in range(400):
        data = bytearray(whole)
        for _ in range(dice.randrange(1, 4)):
            at = dice.randrange(len(data))
            how = dice.randrange(4)
            if how == 0:
                data[at] = dice.randrange(256)
            elif how == 1:
                del data[at : at + dice.randrange(1, 20)]
            elif how == 2:
                data[at:at] = bytes(dice.randrange(256) for _ in range(dice.randrange(1, 20)))
            else:
                data[at:at] = data[at : at + dice.randrange(1, 60)]
        with web.connect() as connection:
            connection.sendall(data)
            connection.shutdown(1)  # no more comes, so the server need not wait for the rest of a body
            answer = read_answer(connection)
        assert status(answer) is None or status(answer) < 500 or status(answer) in (501, 505), f"{bytes(data)}: {answer[:300]}"
        assert SECRET.encode() not in answer
