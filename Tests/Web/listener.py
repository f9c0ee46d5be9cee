"""A place elsewhere: it notes every request, and serves pages of an attacker."""

from __future__ import annotations

import http.server
import threading


class Listener:
    def __init__(self, pages: dict[str, str] | None = None):
        self.requests: list[str] = []
        self.headers: list[dict[str, str]] = []
        self.pages = pages or {}
        listener = self

        class Handler(http.server.BaseHTTPRequestHandler):
            def do_GET(self):
                listener.requests.append(self.path)
                listener.headers.append(dict(self.headers))
                body = listener.pages.get(self.path, "").encode()
                self.send_response(200)
                self.send_header("Content-Type", "text/html; charset=utf-8")
                self.send_header("Content-Length", str(len(body)))
                self.end_headers()
                self.wfile.write(body)

            do_POST = do_GET

            def log_message(self, *_):
                pass

        self._server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.port = self._server.server_address[1]
        self.address = f"http://127.0.0.1:{self.port}/elsewhere"
        self._thread = threading.Thread(target=self._server.serve_forever, daemon=True)
        self._thread.start()

    def close(self):
        self._server.shutdown()
        self._server.server_close()
        self._thread.join(20)
