#!/usr/bin/env python3
"""Asks `aws cloudtrail validate-logs` about synthetic buckets and compares what it says with what is expected.

    validate_logs.py FOLDER

FOLDER holds `cases.json`, a list of cases (`name`, `bucket`: file names by key, `metadata`, `arguments`, `region`, `public_keys`,
`expected`: the tool's exit code and its lines about what is wrong), and the objects' files. The interpreter has the tool (`pip install
awscli`). A server on the loopback interface stands in for S3, CloudTrail and Organizations. Exits with 0 where all agree, 1 with a line
for each that does not.
"""

import http.server
import json
import os
import pathlib
import subprocess
import sys
import threading
import urllib.parse
from xml.sax.saxutils import escape

def main():
    folder = pathlib.Path(sys.argv[1])
    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    wrong = 0
    for case in json.loads((folder / "cases.json").read_text()):
        server.case, server.folder = case, folder
        found = ask(f"http://127.0.0.1:{server.server_port}", case)
        if found != case["expected"]:
            wrong += 1
            print(f"{case['name']}:\n  expected {json.dumps(case['expected'])}\n  found    {json.dumps(found)}")
        else:
            print(f"{case['name']}: as expected")
    server.shutdown()
    return 1 if wrong else 0


def ask(endpoint, case):
    """The tool's exit code, and its lines that tell of something wrong."""
    environment = {
        "PATH": os.environ["PATH"],
        "AWS_ACCESS_KEY_ID": "AKIAIOSFODNN7EXAMPLE",
        "AWS_SECRET_ACCESS_KEY": "example",
        "AWS_ENDPOINT_URL": endpoint,
        "AWS_EC2_METADATA_DISABLED": "true",
        "AWS_CONFIG_FILE": os.devnull,
        "AWS_SHARED_CREDENTIALS_FILE": os.devnull,
        "AWS_PAGER": "",
    }
    command = [sys.executable, "-m", "awscli", "cloudtrail", "validate-logs", "--region", case["region"], *case["arguments"]]
    done = subprocess.run(command, env=environment, capture_output=True, text=True, timeout=120)
    lines = [line.strip() for line in done.stderr.splitlines() if line.strip()]
    totals = [line.strip() for line in done.stdout.splitlines() if " files valid" in line]
    return {"exit": done.returncode, "wrong": sorted(lines), "totals": totals}


class Handler(http.server.BaseHTTPRequestHandler):
    def log_message(self, *_):
        pass

    def do_GET(self):
        url = urllib.parse.urlsplit(self.path)
        query = urllib.parse.parse_qs(url.query, keep_blank_values=True)
        bucket, _, key = urllib.parse.unquote(url.path.lstrip("/")).partition("/")
        if "location" in query:
            return self.answer(200, '<LocationConstraint xmlns="http://s3.amazonaws.com/doc/2006-03-01/"/>')
        if not key:
            return self.list(bucket, query)
        name = self.server.case["bucket"].get(f"{bucket}/{key}")
        if name is None:
            return self.answer(404, "<Error><Code>NoSuchKey</Code><Message>The specified key does not exist.</Message></Error>")
        metadata = self.server.case["metadata"].get(f"{bucket}/{key}", {})
        return self.answer(200, (self.server.folder / name).read_bytes(), {f"x-amz-meta-{name}": value for name, value in metadata.items()})

    def list(self, bucket, query):
        prefix, marker = query.get("prefix", [""])[0], query.get("marker", [""])[0]
        keys = sorted(place.partition("/")[2] for place in self.server.case["bucket"] if place.startswith(f"{bucket}/"))
        found = [key for key in keys if key.startswith(prefix) and key > marker]
        contents = "".join(f"<Contents><Key>{escape(key)}</Key><Size>1</Size></Contents>" for key in found)
        self.answer(200, f"<ListBucketResult><Name>{bucket}</Name><IsTruncated>false</IsTruncated>{contents}</ListBucketResult>")

    def do_POST(self):
        self.rfile.read(int(self.headers.get("content-length", 0)))
        target = self.headers.get("x-amz-target", "").rpartition(".")[2]
        if target == "ListPublicKeys":
            return self.answer(200, json.dumps({"PublicKeyList": self.server.case["public_keys"]}))
        self.answer(400, json.dumps({"__type": "UnknownOperationException", "message": target}))

    def answer(self, status, body, headers=None):
        body = body if isinstance(body, bytes) else body.encode()
        self.send_response(status)
        for name, value in (headers or {}).items():
            self.send_header(name, value)
        self.send_header("content-length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)


if __name__ == "__main__":
    sys.exit(main())
