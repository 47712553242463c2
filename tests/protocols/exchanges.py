#!/usr/bin/env python3
"""Requests as real, unmodified clients send them, against a real server: the shape of each answer is compared with that of an
answer which the client understood. Prints a line an exchange.

  PANO=build/release/bin/pano SOURCE_DIR=. python3 tests/protocols/exchanges.py [DIALECT ...]

The exchanges are the known answers golden/protocols/exchanges.jsonl of the shared data. Exit code 77, with the reason, where
those are absent. Standard library only.

What is compared: the status; the kind of content; of JSON each member of the known answer, with the kind of its value (and the
value itself where clients decide by it: FIXED); of a stream the kinds of its events in their order, equal ones in a row taken
as one, and each one's data like JSON. Words and numbers are the model's and are not compared. Ids that a known answer gives
are replaced by ours in the requests that follow."""
import base64, http.client, json, os, re, shutil, subprocess, sys, tempfile, time
from pathlib import Path

import tiny_encoder

source = Path(os.environ.get('SOURCE_DIR', '.')).resolve()
pano = os.environ.get('PANO', str(source / 'build/release/bin/pano'))
data = Path(os.environ.get('PANO_SHARED', source.parent / 'shared')) / 'data'
golden = data / 'golden/protocols/exchanges.jsonl'

# The dialects whose exchanges all have to pass.
SERVED = ('openai', 'anthropic', 'ollama', 'kserve', 'tfs')

# Members whose value is a word of the protocol. What depends on where the model's text ended is equal within a group.
FIXED = {'object', 'type', 'role', 'datatype', 'shape', 'signature_name', 'dtype', 'state', 'finish_reason', 'stop_reason',
         'done_reason', 'done', 'status', 'deleted'}
ENDS = [{'completed', 'incomplete'}, {'stop', 'length'}, {'end_turn', 'max_tokens', 'stop_sequence', 'tool_use'},
        {'invalid_request_error', 'not_found_error'}]   # OpenAI's own word for a 404 differs from route to route
# Members that are there or not, or null or not, by what the model said.
BY_TEXT = {'incomplete_details', 'stop_sequence', 'reason'}
ID = re.compile(r'^(resp|msg|fc|call|toolu|rs)_\w+$')


def kind(value):
    if isinstance(value, bool): return 'boolean'
    if isinstance(value, (int, float)): return 'number'
    return {str: 'text', list: 'list', dict: 'object', type(None): 'null'}[type(value)]


def differences(want, got, path='', ids=None):
    """What the answer lacks of the known one, a line each."""
    name = path.rpartition('.')[2]
    if name in BY_TEXT and (want is None or got is None): return
    if want is None: return   # clients take anything for what they did not look at
    if kind(want) != kind(got):
        yield f'{path or "body"}: {kind(got)} for {kind(want)}'
    elif isinstance(want, dict):
        for member, value in want.items():
            where = f'{path}.{member}' if path else member
            if member not in got:
                if member not in BY_TEXT: yield f'{where} is missing'
            else: yield from differences(value, got[member], where, ids)
    elif isinstance(want, list):
        if want and not got: yield f'{path}: empty list'
        for i, (a, b) in enumerate(zip(want, got)): yield from differences(a, b, f'{path}.{i}', ids)
    elif isinstance(want, str):
        if ids is not None and ID.match(want): ids[want] = got
        if name in FIXED and want != got and not any({want, got} <= group for group in ENDS):
            yield f'{path}: {got!r} for {want!r}'
    elif name in FIXED and want != got: yield f'{path}: {got!r} for {want!r}'


def events(text):
    """(name, data) of each server-sent event, of each line of NDJSON."""
    if not text.lstrip().startswith(('event:', 'data:', 'id:', ':')):
        for line in filter(None, text.split('\n')):
            try: yield '', json.loads(line)
            except ValueError: return   # cut short
        return
    for block in text.replace('\r\n', '\n').split('\n\n'):
        fields = [line.partition(':') for line in block.split('\n') if line and not line.startswith(':')]
        names = [value.strip() for key, _, value in fields if key == 'event']
        lines = [value[1:] if value.startswith(' ') else value for key, _, value in fields if key == 'data']
        if not lines: continue
        body = '\n'.join(lines)
        if body == '[DONE]': yield '[DONE]', {}
        else:
            try: yield names[0] if names else '', json.loads(body)
            except ValueError: return   # cut short


def collapsed(stream):
    """The events without those that repeat the kind before them."""
    kept = []
    for name, body in stream:
        if name == 'ping': continue   # may come anywhere
        # A choice of chunks without names: those that end it are another kind than those before.
        if not kept or (name, sorted(body)) != (kept[-1][0], sorted(kept[-1][1])): kept.append((name, body))
    # Several calls, one after the other, are blocks of the same kind again; where the answer was cut, one may begin as text.
    first, again, blocks = {}, False, []
    cut = any(name == 'message_delta' and body['delta'].get('stop_reason') == 'max_tokens' for name, body in kept)
    for name, body in kept:
        if name == 'content_block_start':
            again = body['content_block']['type'] == first.get('type') or cut and bool(first)
            first = body['content_block']
        if not (again and name.startswith('content_block')): blocks.append((name, body))
    kept = blocks
    return kept


def stream_differences(want, got, shortened, ids):
    want, got = collapsed(events(want)), collapsed(events(got))
    for i, (name, body) in enumerate(want):
        if i >= len(got):
            yield f'event {i}: none for {name or "data"}'
            return
        if got[i][0] != name:
            yield f'event {i}: {got[i][0] or "data"} for {name or "data"}'
            return
        yield from differences(body, got[i][1], f'event {i} {name}', ids)
    if not shortened and len(got) > len(want): yield f'{len(got) - len(want)} kinds of events more: {got[len(want)][0]}'


def is_stream(answer):
    content = {k.lower(): v for k, v in answer['headers'].items()}.get('content-type', '')
    return 'event-stream' in content or 'ndjson' in content


class Server:
    """`pano serve` with the models that the exchanges name."""

    def __init__(self, folder):
        for name in ('embedder', 'ranker'): tiny_encoder.make(name, folder / name)
        models = {'starter': source / 'models/starter', 'enc': folder / 'embedder', 'ce': folder / 'ranker',
                  'cls': data / 'golden/models/bert_seqcls'}
        managed = folder / 'models'   # what clients load and unload
        shutil.copytree(data / 'golden/models/bert_base', managed / 'bert')
        arguments = [f'--model={name}={path}' for name, path in models.items()]
        self.log = open(folder / 'log', 'w+')
        self.process = subprocess.Popen([pano, 'serve', '--port', '0', '--threads', '1', '--kv-bytes', '67108864',
                                         '--models-dir', managed, '--models-quiet', '0.1', *arguments],
                                        stdout=self.log, stderr=subprocess.STDOUT)
        for _ in range(300):
            found = re.search(r'listening on http://([0-9.]+):(\d+)', Path(self.log.name).read_text())
            if found: break
            if self.process.poll() is not None: break
            time.sleep(0.1)
        else: found = None
        if not found: sys.exit('the server did not start:\n' + Path(self.log.name).read_text())
        self.host, self.port = found[1], int(found[2])
        for _ in range(300):
            if all(self.send({'method': 'GET', 'target': path})['status'] == 200 for path in ('/readyz', '/v2/models/bert/ready')): return
            time.sleep(0.1)
        sys.exit('the server is not ready:\n' + Path(self.log.name).read_text())

    def send(self, request):
        body = base64.b64decode(request['body_b64']) if 'body_b64' in request else request.get('body')
        if isinstance(body, str): body = body.encode()
        connection = http.client.HTTPConnection(self.host, self.port, timeout=60)
        try:
            connection.putrequest(request['method'], request['target'], skip_accept_encoding=True)
            for name, value in request.get('headers', {}).items(): connection.putheader(name, value)
            if body is not None or request['method'] in ('POST', 'PUT'): connection.putheader('Content-Length', str(len(body or b'')))
            connection.endheaders(body)
            answer = connection.getresponse()
            return {'status': answer.status, 'headers': dict(answer.getheaders()), 'body': answer.read()}
        finally: connection.close()

    def stop(self):
        self.process.terminate()
        try: self.process.wait(20)
        except subprocess.TimeoutExpired: self.process.kill()


def replaced(request, ids):
    """The request with our ids for those of known answers."""
    request = dict(request)
    for field in ('target', 'body'):
        for theirs, ours in ids.items():
            if isinstance(request.get(field), str) and isinstance(ours, str): request[field] = request[field].replace(theirs, ours)
    return request


def split_binary(answer):
    """The JSON that stands before binary tensors."""
    headers = {k.lower(): v for k, v in answer['headers'].items()}
    body = base64.b64decode(answer['body_b64']) if 'body_b64' in answer else answer['body']
    if isinstance(body, str): body = body.encode()
    length = headers.get('inference-header-content-length')
    return body[:int(length)] if length else body


def compare(want, got, shortened, ids):
    if got['status'] != want['status']:
        return [f'status {got["status"]} for {want["status"]}: {got["body"][:160].decode(errors="replace")}']
    if is_stream(want) != is_stream(got): return ['one is a stream, the other is not']
    if is_stream(want): return list(stream_differences(want['body'], got['body'].decode(), shortened, ids))
    theirs = split_binary(want)
    if not theirs: return []
    try: ours = json.loads(split_binary(got))
    except ValueError: return [f'no JSON: {got["body"][:80]!r}']
    if not shortened: return list(differences(json.loads(theirs), ours, '', ids))
    first = json.loads(theirs[:theirs.index(b':')].strip().removeprefix(b'{'))   # all that is certain to be whole
    return [] if isinstance(ours, dict) and first in ours else [f'{first} is missing']


def main(dialects):
    if not golden.exists():
        print('skipped: no shared data: PANO_SHARED or ../shared')
        return 77
    if not dialects:
        print('skipped: no dialect is named here yet')
        return 77
    rows = [json.loads(line) for line in golden.read_text().splitlines()]
    rows = [row for row in rows if row['dialect'] in dialects]
    failed = 0
    with tempfile.TemporaryDirectory() as folder:
        server = Server(Path(folder))
        try:
            ids = {}
            print(f'{"dialect":<10} {"client":<26} {"status":<6} {"request":<48} differences')
            for row in rows:
                got = server.send(replaced(row['request'], ids))
                found = compare(row['answer'], got, row['answer'].get('shortened', False), ids)
                failed += bool(found)
                what = f'{row["request"]["method"]} {row["request"]["target"]}'
                print(f'{row["dialect"]:<10} {row["client"] or "-":<26} {got["status"]:<6} {what[:48]:<48} '
                      f'{"; ".join(found[:3]) or "none"}')
        finally: server.stop()
    print(f'{len(rows) - failed} of {len(rows)} exchanges answered in the known shape')
    return 1 if failed or not rows else 0


if __name__ == '__main__':
    sys.dont_write_bytecode = True
    sys.exit(main(sys.argv[1:] or SERVED))
