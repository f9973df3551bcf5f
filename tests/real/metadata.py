"""Instance metadata, version 2, of an instance with these values: `metadata.py ADDRESS PORT VALUES`, where VALUES is a JSON object
of paths below `/latest/meta-data/` and their texts. Nothing is told without the token."""

import json
import socket
import sys
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

address, port, values = sys.argv[1], int(sys.argv[2]), json.loads(sys.argv[3])
TOKEN = "token-of-the-instance"
BELOW = "/latest/meta-data/"


class Metadata(BaseHTTPRequestHandler):
    def say(self, status, text=""):
        body = text.encode()
        self.send_response(status)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def do_PUT(self):
        lifetime = self.headers.get("x-aws-ec2-metadata-token-ttl-seconds")
        self.say(200, TOKEN) if self.path == "/latest/api/token" and lifetime else self.say(400)

    def do_GET(self):
        if self.headers.get("x-aws-ec2-metadata-token") != TOKEN:
            return self.say(401)
        text = values.get(self.path.removeprefix(BELOW))
        self.say(404) if text is None else self.say(200, text)

    def log_message(self, *_):
        pass


class Server(ThreadingHTTPServer):
    address_family = socket.AF_INET6 if ":" in address else socket.AF_INET


Server((address, port), Metadata).serve_forever()
