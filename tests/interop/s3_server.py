#!/usr/bin/env python3
"""S3 on loopback for tests: objects, ranges, listings, uploads in parts. Checks the Signature Version 4 of each request.

  s3_server.py [--port N] [--fault-every N]     prints "http://127.0.0.1:PORT" and serves until it is killed

Credentials: AKIDTEST / secret/+key. With --fault-every N each Nth answer is a 503, a cut body or slow, in turn. Python's
standard library alone.
"""
import argparse, hashlib, hmac, re, threading, time, urllib.parse
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from xml.sax.saxutils import escape

ACCESS_KEY, SECRET_KEY = "AKIDTEST", "secret/+key"
lock = threading.Lock()
objects, uploads, counter = {}, {}, {"requests": 0, "upload": 0}


def mac(key, text):
    return hmac.new(key, text.encode(), hashlib.sha256).digest()


def problem_of_signature(handler, path, query, body):
    """What is wrong with the request's signature, or None."""
    found = re.fullmatch(r"AWS4-HMAC-SHA256 Credential=([^,]+), ?SignedHeaders=([^,]+), ?Signature=([0-9a-f]{64})",
                         handler.headers.get("Authorization", ""))
    if not found:
        return "AccessDenied"
    key, day, region, service, end = found[1].split("/")
    if key != ACCESS_KEY or end != "aws4_request":
        return "InvalidAccessKeyId"
    pairs = sorted((urllib.parse.quote(k, safe="-_.~"), urllib.parse.quote(v, safe="-_.~")) for k, v in query)
    names = found[2].split(";")
    digest = handler.headers.get("x-amz-content-sha256", "")
    canonical = "\n".join([handler.command, urllib.parse.quote(path, safe="/-_.~"), "&".join(f"{k}={v}" for k, v in pairs),
                           "".join(f"{n}:{' '.join(handler.headers.get(n, '').split())}\n" for n in names), found[2], digest])
    date = handler.headers["x-amz-date"]
    to_sign = "\n".join(["AWS4-HMAC-SHA256", date, f"{day}/{region}/{service}/aws4_request", hashlib.sha256(canonical.encode()).hexdigest()])
    secret = mac(mac(mac(mac(("AWS4" + SECRET_KEY).encode(), day), region), service), "aws4_request")
    if hmac.new(secret, to_sign.encode(), hashlib.sha256).hexdigest() != found[3] or "host" not in names:
        return "SignatureDoesNotMatch"
    if re.fullmatch("[0-9a-f]{64}", digest) and hashlib.sha256(body).hexdigest() != digest:
        return "XAmzContentSHA256Mismatch"
    return None


def without_chunks(body):
    """The content of an aws-chunked body."""
    out, at = b"", 0
    while True:
        end = body.index(b"\r\n", at)
        size = int(body[at:end].split(b";")[0], 16)
        if size == 0:
            return out
        out += body[end + 2:end + 2 + size]
        at = end + 2 + size + 2


class Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def log_message(self, *args):
        pass

    def answer(self, status, body=b"", headers=(), cut=False):
        self.send_response(status)
        for name, value in headers:
            self.send_header(name, value)
        if not any(name == "Content-Length" for name, _ in headers):
            self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        if self.command != "HEAD":
            self.wfile.write(body[:len(body) // 2] if cut else body)
        if cut:
            self.close_connection = True

    def fail(self, status, code):
        self.answer(status, f"<Error><Code>{code}</Code><Message>{code}</Message></Error>".encode(), [("Content-Type", "application/xml")])

    def xml(self, name, inner):
        self.answer(200, f'<?xml version="1.0"?><{name} xmlns="http://s3.amazonaws.com/doc/2006-03-01/">{inner}</{name}>'.encode(),
                    [("Content-Type", "application/xml")])

    def handle_any(self):
        parts = urllib.parse.urlsplit(self.path)
        path, pairs = urllib.parse.unquote(parts.path), urllib.parse.parse_qsl(parts.query, keep_blank_values=True)
        query = dict(pairs)
        if self.headers.get("Transfer-Encoding", "") == "chunked":
            raw = b""
            while size := int(self.rfile.readline().split(b";")[0], 16):
                raw += self.rfile.read(size)
                self.rfile.readline()
            self.rfile.readline()
        else:
            raw = self.rfile.read(int(self.headers.get("Content-Length", 0)))
        if problem := problem_of_signature(self, path, pairs, raw):
            return self.fail(403, problem)
        body = without_chunks(raw) if "aws-chunked" in self.headers.get("Content-Encoding", "") else raw
        cut = False
        with lock:
            counter["requests"] += 1
            fault = counter["requests"] // args.fault_every if args.fault_every and counter["requests"] % args.fault_every == 0 else 0
        if fault:
            if fault % 3 == 0:
                return self.fail(503, "SlowDown")
            cut = fault % 3 == 1 and self.command == "GET"
            if fault % 3 == 2:
                time.sleep(0.3)
        _, bucket, *rest = path.split("/", 2) + [""]
        key = rest[0] if rest else ""
        with lock:
            return self.bucket(bucket, query, body) if not key else self.object(path, key, query, body, cut)

    def bucket(self, bucket, query, body):
        if self.command == "PUT":
            return self.answer(200)
        if "uploads" in query:
            return self.xml("ListMultipartUploadsResult", "".join(
                f"<Upload><Key>{escape(u['key'])}</Key><UploadId>{i}</UploadId></Upload>" for i, u in uploads.items()
                if u["key"].startswith(query.get("prefix", ""))))
        if self.command == "POST" and "delete" in query:
            keys = re.findall(r"<Key>(.*?)</Key>", body.decode())
            for key in keys:
                objects.pop(f"/{bucket}/{key}", None)
            return self.xml("DeleteResult", "".join(f"<Deleted><Key>{escape(k)}</Key></Deleted>" for k in keys))
        prefix, after, delimiter = query.get("prefix", ""), query.get("continuation-token", ""), query.get("delimiter", "")
        most, inner, count, last, common = int(query.get("max-keys", 1000)), "", 0, "", set()
        for path in sorted(objects):
            key = path[len(bucket) + 2:]
            if not path.startswith(f"/{bucket}/") or not key.startswith(prefix) or key <= after:
                continue
            if delimiter and delimiter in key[len(prefix):]:
                common.add(prefix + key[len(prefix):].split(delimiter)[0] + delimiter)
                continue
            if count == most:
                inner += f"<NextContinuationToken>{escape(last)}</NextContinuationToken>"
                break
            count, last = count + 1, key
            data = objects[path]
            inner += (f"<Contents><Key>{escape(key)}</Key><LastModified>2026-01-01T00:00:00.000Z</LastModified>"
                      f"<ETag>&quot;{hashlib.md5(data).hexdigest()}&quot;</ETag><Size>{len(data)}</Size></Contents>")
        inner += "".join(f"<CommonPrefixes><Prefix>{escape(p)}</Prefix></CommonPrefixes>" for p in sorted(common))
        more = "NextContinuationToken" in inner
        self.xml("ListBucketResult", f"<Name>{bucket}</Name><KeyCount>{count}</KeyCount><IsTruncated>{str(more).lower()}</IsTruncated>{inner}")

    def object(self, path, key, query, body, cut):
        if self.command == "POST" and "uploads" in query:
            counter["upload"] += 1
            uploads[f"u{counter['upload']}"] = {"key": key, "parts": {}}
            return self.xml("InitiateMultipartUploadResult", f"<UploadId>u{counter['upload']}</UploadId>")
        if "uploadId" in query:
            upload = uploads.get(query["uploadId"])
            if upload is None:
                return self.fail(404, "NoSuchUpload")
            if self.command == "PUT":
                upload["parts"][int(query["partNumber"])] = body
                return self.answer(200, headers=[("ETag", f'"{hashlib.md5(body).hexdigest()}"')])
            if self.command == "DELETE":
                del uploads[query["uploadId"]]
                return self.answer(204)
            if self.command == "GET":
                return self.xml("ListPartsResult", "<IsTruncated>false</IsTruncated>" + "".join(
                    f"<Part><PartNumber>{n}</PartNumber><ETag>&quot;{hashlib.md5(b).hexdigest()}&quot;</ETag><Size>{len(b)}</Size></Part>"
                    for n, b in sorted(upload["parts"].items())))
            numbers = [int(n) for n in re.findall(r"<PartNumber>(\d+)</PartNumber>", body.decode())]
            objects[path] = b"".join(upload["parts"][n] for n in numbers)
            del uploads[query["uploadId"]]
            return self.xml("CompleteMultipartUploadResult", f'<Key>{escape(key)}</Key><ETag>"{hashlib.md5(objects[path]).hexdigest()}"</ETag>')
        if self.command == "PUT":
            objects[path] = body
            return self.answer(200, headers=[("ETag", f'"{hashlib.md5(body).hexdigest()}"')])
        if self.command == "DELETE":
            objects.pop(path, None)
            return self.answer(204)
        data = objects.get(path)
        if data is None:
            return self.fail(404, "NoSuchKey")
        headers = [("ETag", f'"{hashlib.md5(data).hexdigest()}"'), ("Last-Modified", "Thu, 01 Jan 2026 00:00:00 GMT"), ("Accept-Ranges", "bytes")]
        if found := re.fullmatch(r"bytes=(\d+)-(\d*)", self.headers.get("Range", "")):
            first, last = int(found[1]), min(int(found[2] or len(data) - 1), len(data) - 1)
            if first >= len(data):
                return self.answer(416, headers=[("Content-Range", f"bytes */{len(data)}")])
            headers.append(("Content-Range", f"bytes {first}-{last}/{len(data)}"))
            return self.answer(206, data[first:last + 1], headers, cut)
        if self.command == "HEAD":
            headers.append(("Content-Length", str(len(data))))
        self.answer(200, data, headers, cut)

    do_GET = do_PUT = do_POST = do_DELETE = do_HEAD = handle_any


if __name__ == "__main__":
    parser = argparse.ArgumentParser()
    parser.add_argument("--port", type=int, default=0)
    parser.add_argument("--fault-every", type=int, default=0)
    args = parser.parse_args()
    server = ThreadingHTTPServer(("127.0.0.1", args.port), Handler)
    print(f"http://127.0.0.1:{server.server_address[1]}", flush=True)
    server.serve_forever()
