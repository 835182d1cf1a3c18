"""Python's http.server, writing a line for each request that it parsed. See `parseSeenLine` in ../sighting.ts."""

import hashlib
import http.server
import posixpath
import socketserver
import sys
import threading
import urllib.parse


def hexed(text):
    return text.encode("latin-1", "replace").hex() or "-"


lock = threading.Lock()


def write_line(*parts):
    """Whole: with -u, print() writes each part by itself, and two threads mix their lines."""
    with lock:
        sys.stdout.write(" ".join(map(str, parts)) + "\n")
        sys.stdout.flush()


class Handler(http.server.BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    wbufsize = -1  # One write for each answer.
    told = False

    def __getattr__(self, name):
        if name.startswith("do_"):
            return self.answer
        raise AttributeError(name)

    def parse_request(self):
        self.told = False
        return super().parse_request()

    def answer(self):
        body = self.read_body()
        if body is None:
            self.tell(400, b"")
            return self.send_error(400)
        self.tell(200, body)
        self.send_response(200)
        self.send_header("Content-Length", "4")
        self.end_headers()
        if self.command != "HEAD":
            self.wfile.write(b"seen")

    def read_body(self):
        if self.headers.get("Transfer-Encoding", "").lower() == "chunked":
            return self.read_chunks()
        length = int(self.headers.get("Content-Length", "0"))
        body = self.rfile.read(length)
        return body if len(body) == length else None

    def read_chunks(self):
        pieces = []
        while True:
            line = self.rfile.readline()
            if not line:
                return None
            size = int(line, 16)
            if size == 0:
                break
            pieces.append(self.rfile.read(size))
            if len(pieces[-1]) < size or self.rfile.readline() != b"\r\n":
                return None
        while (line := self.rfile.readline()) != b"\r\n":
            if not line:
                return None
        return b"".join(pieces)

    def tell(self, status, body):
        path = self.path.split("?", 1)[0].split("#", 1)[0]
        decoded = urllib.parse.unquote(path, "latin-1")
        normal = posixpath.normpath(decoded)  # As SimpleHTTPRequestHandler.translate_path does.
        if decoded.endswith("/") and normal != "/":
            normal += "/"
        fields = "\r\n".join(f"{name}: {value}" for name, value in self.headers.items())
        seen = [self.command, self.path, normal, fields]
        digest = hashlib.sha1(body).hexdigest()
        write_line("seen", status, *map(hexed, seen), len(body), digest)
        self.told = True

    def send_error(self, code, message=None, explain=None):
        if not self.told:
            write_line("seen", int(code))
        super().send_error(code, message, explain)

    def log_message(self, *arguments):
        pass


class Server(socketserver.ThreadingTCPServer):
    allow_reuse_address = True
    daemon_threads = True


host, port = sys.argv[1].split(":")
Server((host, int(port)), Handler).serve_forever()
