"""Requests that nobody but an attacker sends. None is answered with what the store holds, changes it, or reaches another's page."""

import json
import os
import stat

import pytest

from web import SECRET, read_answer, status

# What ends before a store is asked.
ON_ONE_STORE = pytest.mark.parametrize("store", ["SQLite"], indirect=True)

READS = (
    "/", "/conversations", "/conversations/code", "/tasks", "/agents", "/search?query=x", "/page.js", "/page.css", "/metrics",
    "/api/state", "/api/transcript", "/api/message?id=x", "/api/task?id=x", "/api/tasks?status=pending", "/api/search?query=x",
    "/api/events",
)
MESSAGE = {"to": "code", "content": "forged", "key": "forged"}
WRITES = {
    "/api/messages": MESSAGE,
    "/api/read": {},
    "/api/tasks": {"to": "code", "title": "forged", "description": "", "key": "forged"},
    "/api/task": {"id": "x", "status": "failed"},
}


def refused(web, method, path, body=None, headers=None, cookie=""):
    got, headers, answer = web.request(method, path, body, headers, cookie)
    assert got in (403, 405, 400, 421), f"{method} {path}: {got}"
    assert SECRET not in answer.decode(errors="replace") and "Set-Cookie" not in headers and "Access-Control-Allow-Origin" not in headers
    return got


def write(web, path, value, headers):
    return refused(web, "POST", path, json.dumps(value).encode(), {"Content-Type": "application/json", **headers})


def test_without_the_key(web):
    name, _, value = web.cookie.partition("=")
    wrong = value[:-1] + ("0" if value[-1] != "0" else "1")
    cookies = (
        None, f"{name}=", f"{name}={wrong}", f"{name}={value[:-1]}", f"{name}={value}0", f"{name}={web.key}", f"cowork-web-1={value}",
        f"x{name}={value}", f"{name}={wrong}; {name}={wrong}", f"{name}={value.swapcase()}", f"{name}={'x' * 4000}",
    )
    for cookie in cookies:
        for path in READS:
            assert refused(web, "GET", path, cookie=cookie) == 403
            assert refused(web, "HEAD", path, cookie=cookie) in (403, 405)
        for path, value in WRITES.items():
            body = json.dumps(value).encode()
            assert refused(web, "POST", path, body, {"Origin": web.address, "Content-Type": "application/json"}, cookie) == 403
    for key in ("", "0", web.key[:-1], web.key + "0", web.key.swapcase(), "%00", "%C3%A9", "%FF", web.cookie.split("=")[1]):
        if key != web.key:
            assert refused(web, "GET", f"/?key={key}", cookie=None) in (400, 403)
    for bearer in ("", "x", web.key[:-1], web.key + "0", web.cookie.split("=")[1]):
        assert refused(web, "GET", "/metrics", headers={"Authorization": f"Bearer {bearer}"}, cookie=None) == 403
    assert web.request("GET", "/metrics", headers={"Authorization": f"Bearer {web.key}"}, cookie=None)[0] == 200
    # The bearer is for metrics alone.
    assert refused(web, "GET", "/api/state", headers={"Authorization": f"Bearer {web.key}"}, cookie=None) == 403
    assert web.request("GET", "/favicon.svg", cookie=None)[0] == 200


def test_the_cookie_of_another_run_and_the_files_of_the_key(lab, web):
    other = lab.web()
    name = web.cookie.split("=")[0]
    assert other.key != web.key and other.cookie.split("=")[1] != web.cookie.split("=")[1]
    for path in READS:
        assert refused(web, "GET", path, cookie=other.cookie) == 403
        assert refused(web, "GET", path, cookie=f"{name}={other.cookie.split('=')[1]}") == 403
    folder = os.path.join(lab.environment["HOME"], ".cowork-code-mcp", "web")
    assert stat.S_IMODE(os.stat(folder).st_mode) == 0o700
    files = os.listdir(folder)
    assert sorted(files) == sorted([f"{web.port}.key", f"{other.port}.key"])
    assert {stat.S_IMODE(os.stat(os.path.join(folder, file)).st_mode) for file in files} == {0o600}
    # Bookmarks and open tabs survive a restart on the same port.
    kept = other.key, other.cookie
    other.stop()
    other.start()
    assert (other.key, other.cookie) == kept


def test_the_key_and_the_cookie_are_in_no_log(lab):
    lab.agent("code")
    web = lab.web("--log-level", "trace")
    secret = web.cookie.split("=")[1]
    for path in (
        *READS[:-1],
        f"/?key={web.key}",
        f"/api/state?key={web.key}",
        f"/no/{web.key}",
        f"/no?{secret}",
        f"/{secret}",
        f"/{web.key}%00",
    ):
        web.request("GET", path)
        web.request("GET", path, headers={"Authorization": f"Bearer {web.key}", "Referer": f"{web.address}/?key={web.key}"})
    web.post("/api/messages", {"to": "nobody", "content": "x", "key": secret})
    web.raw(f"GET /?key={web.key} HTTP/9.9\r\nCookie: {web.cookie}\r\n\r\n".encode())
    web.raw(f"\x00GET /?key={web.key} {web.cookie}\r\n\r\n".encode())
    web.stop()
    address = f"{web.address}/?key={web.key}"
    assert web.output.count(address) == 1
    rest = web.output.replace(address, "")
    assert len(rest) > 100, "there is no log"
    assert web.key not in rest and secret not in rest


def test_the_answers_keep_the_page_to_itself(web):
    for path in ("/", "/tasks", "/page.js", "/api/state", "/api/transcript", "/metrics", "/favicon.svg", "/nothing"):
        _, headers, _ = web.request("GET", path)
        policy = headers["Content-Security-Policy"]
        assert "default-src 'none'" in policy and "frame-ancestors 'none'" in policy and "unsafe" not in policy and "*" not in policy, path
        assert headers["X-Content-Type-Options"] == "nosniff" and headers["Referrer-Policy"] == "no-referrer", path
        assert headers["X-Frame-Options"] == "DENY" and "Access-Control-Allow-Origin" not in headers, path
    _, headers, _ = web.request("GET", f"/?key={web.key}", cookie=None)
    assert {"HttpOnly", "SameSite=Strict", "Path=/"} <= {part.strip() for part in headers["Set-Cookie"].split(";")}
    assert headers["Location"] == "/"
    # The way back leads nowhere else.
    for path in ("//evil.example/", "/\\evil.example", "/%0d%0aSet-Cookie:%20x=1", "https://evil.example/"):
        answer = web.raw(f"GET {path}?key={web.key} HTTP/1.1\r\nHost: 127.0.0.1:{web.port}\r\n\r\n".encode())
        location = [line for line in answer.split(b"\r\n") if line.lower().startswith(b"location:")]
        assert not any(b"evil" in line.removeprefix(b"/")[:14] and not line.split()[1].startswith(b"/%") for line in location), location
        assert b"x=1" not in answer.split(b"\r\n\r\n")[0].replace(b"%20x=1", b"")


def test_a_foreign_host_or_origin(web):
    hosts = (
        "evil.example", f"evil.example:{web.port}", "127.0.0.1", "127.0.0.1:1", f"127.0.0.1.evil.example:{web.port}",
        f"127.0.0.1:{web.port}.evil", f"user@127.0.0.1:{web.port}", f"127.0.0.2:{web.port}", f"0.0.0.0:{web.port}", f"[::1]:{web.port}",
        "", f"0x7f.1:{web.port}", f"2130706433:{web.port}", f"127.0.0.1:{web.port}, evil.example", f" 127.0.0.1:{web.port} x",
    )
    for host in hosts:
        for path in ("/", "/api/state", "/api/events", "/page.js", "/favicon.svg", f"/?key={web.key}"):
            answer = web.raw(f"GET {path} HTTP/1.1\r\nHost: {host}\r\nCookie: {web.cookie}\r\nConnection: close\r\n\r\n".encode())
            assert status(answer) in (400, 403, 421), f"{host} {path}: {answer[:200]}"
            assert b"Set-Cookie" not in answer and SECRET.encode() not in answer
    for more in ("", f"Host: 127.0.0.1:{web.port}\r\nHost: evil.example\r\n", f"Host: evil.example\r\nHost: 127.0.0.1:{web.port}\r\n"):
        answer = web.raw(f"GET /api/state HTTP/1.1\r\n{more}Cookie: {web.cookie}\r\nConnection: close\r\n\r\n".encode())
        assert status(answer) in (400, 403, 421), answer[:200]
    origins = (
        "null",
        "http://evil.example",
        f"http://evil.example:{web.port}",
        "http://127.0.0.1",
        f"https://127.0.0.1:{web.port}",
        f"http://127.0.0.1:{web.port}0",
        f"http://127.0.0.1:{web.port}.evil.example",
        f"http://localhost:{web.port}",
        f"{web.address}/",
        f"{web.address}, http://evil.example",
        "",
        "*",
        web.address.upper(),
    )
    for origin in origins:
        for path, value in WRITES.items():
            assert write(web, path, value, {"Origin": origin}) == 403, origin
    for path, value in WRITES.items():
        assert write(web, path, value, {}) == 403
        assert write(web, path, value, {"Referer": f"{web.address}/"}) == 403
    # A foreign page is told nothing by its browser either.
    for path in READS:
        _, headers, _ = web.request("OPTIONS", path, headers={"Origin": "http://evil.example", "Access-Control-Request-Method": "POST"})
        assert not [name for name in headers if name.lower().startswith("access-control")]


def test_a_form_of_another_kind(web):
    """What a form can send without asking: three kinds of content, and a name that swallows the equals sign."""
    body = json.dumps(MESSAGE).encode()
    kinds = (
        "text/plain", "application/x-www-form-urlencoded", "multipart/form-data; boundary=x", "application/jsonx", "text/json", "",
        "text/plain; application/json", "application/json-seq",
    )
    for kind in kinds:
        for path in WRITES:
            got, _, answer = web.request("POST", path, body, {"Origin": web.address, "Content-Type": kind})
            assert got in (400, 403, 415), f"{kind}: {got} {answer}"
    for path in WRITES:
        for method in ("GET", "PUT", "PATCH", "DELETE", "HEAD"):
            got, _, _ = web.request(
                method,
                f"{path}?to=code&content=x&key=1",
                body if method != "GET" else None,
                {"Origin": web.address, "Content-Type": "application/json"},
            )
            assert got in (400, 404, 405, 501) or got == 200 and path == "/api/tasks" and method in ("GET", "HEAD"), (method, path, got)


@ON_ONE_STORE
def test_smuggled_requests(web):
    host = f"Host: 127.0.0.1:{web.port}\r\nCookie: {web.cookie}\r\n"
    inner = (
        f"POST /api/messages HTTP/1.1\r\n{host}Origin: {web.address}\r\nContent-Type: application/json\r\n"
        f"Content-Length: {len(json.dumps(MESSAGE))}\r\n\r\n{json.dumps(MESSAGE)}"
    )
    ours = f"Origin: {web.address}\r\nContent-Type: application/json\r\n"
    heads = (
        f"Content-Length: 2\r\nContent-Length: {len(inner) + 2}\r\n", f"Content-Length: {len(inner) + 2}\r\nContent-Length: 2\r\n",
        f"Content-Length: 2, {len(inner) + 2}\r\n", "Content-Length: 2\r\nTransfer-Encoding: chunked\r\n",
        "Transfer-Encoding: chunked\r\nContent-Length: 2\r\n", "Transfer-Encoding: identity, chunked, identity\r\nContent-Length: 2\r\n",
        "Transfer-Encoding: xchunked\r\n", "Transfer-Encoding: chunked\r\nTransfer-Encoding: identity\r\n",
        "Transfer-Encoding : chunked\r\nContent-Length: 2\r\n", "Transfer-Encoding: \x0bchunked\r\n", "Content-Length: +2\r\n",
        "Content-Length: -1\r\n", "Content-Length: 0x2\r\n", "Content-Length: 99999999999999999999\r\n", "Content-Length: 2 2\r\n",
        "Content-Length:\r\n", " Content-Length: 2\r\n", "X: a\rContent-Length: 2\r\n",
    )
    for head in heads:
        # The outer request has a foreign origin, or none of our kind of bodies, so only the inner one could write.
        for outer in (
            f"POST /api/read HTTP/1.1\r\n{host}Origin: http://evil.example\r\n{head}\r\n",
            f"POST /api/read HTTP/1.1\r\n{host}{ours}{head}\r\n",
        ):
            with web.connect() as connection:
                connection.sendall(
                    outer.encode() + b"0\r\n\r\n" + inner.encode() if "chunked" in head else outer.encode() + b"{]" + inner.encode()
                )
                answer = read_answer(connection)
            assert status(answer) is None or 400 <= status(answer) < 500 or status(answer) == 501, (head, answer[:300])
            assert b"message_id" not in answer
