"""The emulator's side of a connection. Part of launch.py, in front of it."""

import email.utils
import functools
import http.client
import io
import time

from werkzeug.serving import WSGIRequestHandler

# Formatting a date takes as long as sending the answer that it stands in.
date_of = functools.lru_cache(maxsize=8)(functools.partial(email.utils.formatdate, usegmt=True))


def read_headers_as_lines():
    """Read the head of a request without the parser that is made for mail."""
    read_lines = http.client._read_headers

    def parse_headers(fp, _class=http.client.HTTPMessage):
        headers = _class()
        for line in read_lines(fp)[:-1]:
            name, _, value = line.decode("iso-8859-1").partition(":")
            headers.set_raw(name, value.strip())
        return headers

    http.client.parse_headers = parse_headers


class Connection(WSGIRequestHandler):
    """Answers one request after the other on a connection that it keeps.

    werkzeug closes it after each answer, because an application may leave
    part of a request unread. Here each request is read in full first.
    """

    protocol_version = "HTTP/1.1"
    disable_nagle_algorithm = True

    def run_wsgi(self):
        environ = self.make_environ()
        if environ.get("wsgi.input_terminated"):
            body = environ["wsgi.input"].read()
        else:
            body = self.rfile.read(int(environ.get("CONTENT_LENGTH") or 0))
        environ["wsgi.input"] = io.BytesIO(body)
        answer = []

        def start_response(status, headers, exc_info=None):
            answer[:] = status, headers

        parts = self.server.app(environ, start_response)
        content = b"".join(parts)
        if hasattr(parts, "close"):
            parts.close()
        self.send(*answer, content)

    def send(self, status, headers, content):
        bodiless = self.command == "HEAD" or status[:3] in ("204", "304")
        if self.command != "HEAD":  # its length is that of the body it lacks
            headers = [(k, v) for k, v in headers if k.lower() != "content-length"]
        if not bodiless:
            headers.append(("Content-Length", len(content)))
        if self.close_connection:
            headers.append(("Connection", "close"))
        lines = [f"HTTP/1.1 {status}", f"Date: {self.date_time_string()}"]
        lines += [f"{key}: {value}" for key, value in headers]
        head = "\r\n".join([*lines, "", ""]).encode("latin-1")
        self.wfile.write(head if bodiless else head + content)

    def date_time_string(self, timestamp=None):
        return date_of(int(time.time() if timestamp is None else timestamp))
