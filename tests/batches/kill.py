#!/usr/bin/env python3
"""Batches of a server that is killed (SIGKILL) while it runs them: no finished line is lost and none is there twice. Then one that
is cancelled, one whose time passes, one whose file is no list of requests, one whose maker's key is taken away, a large upload, and one
while the disk is full.

  PANO=build/release/bin/pano python3 tests/batches/kill.py

Standard library only. Exit code 1: something does not hold."""
import http.client, json, os, re, signal, subprocess, sys, tempfile, time
from pathlib import Path

pano = os.environ.get('PANO', 'build/release/bin/pano')


class Server:
    def __init__(self, state, folder, *options):
        self.key = None
        self.log = folder / f'log-{time.monotonic_ns()}'
        self.process = subprocess.Popen(
            [pano, 'serve', '--model', 'm=fake:4', '--port', '0', '--state', state, '--batch-requests', '4', *options],
            stdout=open(self.log, 'w'), stderr=subprocess.STDOUT)
        for _ in range(300):
            found = re.search(r'listening on http://([0-9.]+):(\d+)', self.log.read_text())
            if found: break
            if self.process.poll() is not None: sys.exit('the server did not start:\n' + self.log.read_text())
            time.sleep(0.05)
        self.host, self.port = found[1], int(found[2])

    def ask(self, method, path, body=None, type='application/json'):
        connection = http.client.HTTPConnection(self.host, self.port, timeout=30)
        try:
            data = json.dumps(body).encode() if isinstance(body, dict) else body
            headers = {'Content-Type': type} if data is not None else {}
            if self.key: headers['X-Api-Key'] = self.key
            connection.request(method, path, data, headers)
            answer = connection.getresponse()
            text = answer.read()
            return answer.status, (json.loads(text) if 'json' in answer.getheader('Content-Type', '') else text.decode())
        finally: connection.close()

    def upload(self, lines):
        body = ('--X\r\nContent-Disposition: form-data; name="purpose"\r\n\r\nbatch\r\n--X\r\nContent-Disposition: form-data; '
                'name="file"; filename="in.jsonl"\r\n\r\n' + '\n'.join(lines) + '\r\n--X--\r\n').encode()
        return self.ask('POST', '/v1/files', body, 'multipart/form-data; boundary=X')

    def batch(self, lines, window='24h'):
        status, file = self.upload(lines)
        assert status == 200, file
        status, batch = self.ask('POST', '/v1/batches', {'input_file_id': file['id'], 'endpoint': '/v1/completions',
                                                         'completion_window': window})
        assert status == 200, batch
        return batch['id']

    def look(self, id): return self.ask('GET', f'/v1/batches/{id}')[1]

    def wait(self, id, until, seconds=60):
        end = time.monotonic() + seconds
        while time.monotonic() < end:
            batch = self.look(id)
            if until(batch): return batch
            time.sleep(0.05)
        sys.exit(f'the batch did not come so far: {self.look(id)}\n{self.log.read_text()[-2000:]}')

    def lines(self, file):
        if not file: return []
        return [json.loads(line) for line in self.ask('GET', f'/v1/files/{file}/content')[1].splitlines()]

    def kill(self):
        self.process.send_signal(signal.SIGKILL)
        self.process.wait()

    def stop(self):
        self.process.terminate()
        self.process.wait(60)


def line(i, tokens=12, **more):
    return json.dumps({'custom_id': f'line-{i}', 'method': 'POST', 'url': '/v1/completions',
                       'body': {'model': 'm', 'prompt': f'number {i}', 'max_tokens': tokens, **more}})


def ids(lines): return sorted(one['custom_id'] for one in lines)


def check_kill(folder):
    state = str(folder / 'state')
    server = Server(state, folder)
    # Every seventh line asks for what there is not.
    count = 70
    lines = [line(i) if i % 7 else line(i, nonsense_model=1, best_of=9) for i in range(count)]
    id = server.batch(lines)
    finished = 0
    for share in (10, 25, 45, 60):
        def so_far(batch): return batch['request_counts']['completed'] + batch['request_counts']['failed']
        finished = so_far(server.wait(id, lambda batch: so_far(batch) >= share))
        server.kill()
        server = Server(state, folder)
        now = so_far(server.look(id))
        assert now >= finished, f'{finished} lines were finished before the kill, {now} are after it'
    batch = server.wait(id, lambda batch: batch['status'] == 'completed')
    output, errors = server.lines(batch['output_file_id']), server.lines(batch['error_file_id'])
    assert ids(output + errors) == sorted(f'line-{i}' for i in range(count)), 'a line is missing, or there twice'
    assert batch['request_counts'] == {'total': count, 'completed': len(output), 'failed': len(errors)}, batch
    assert ids(errors) == sorted(f'line-{i}' for i in range(0, count, 7)), ids(errors)
    assert all(one['response']['status_code'] == 200 and one['response']['body']['usage']['completion_tokens'] == 12 for one in output)
    server.kill()
    server = Server(state, folder)   # what was completed stays
    assert server.look(id)['status'] == 'completed' and len(server.lines(batch['output_file_id'])) == len(output)
    return server


def check_cancel(server):
    id = server.batch([line(i, 200) for i in range(40)])
    server.wait(id, lambda batch: batch['request_counts']['completed'] >= 1)
    status, batch = server.ask('POST', f'/v1/batches/{id}/cancel')
    assert status == 200 and batch['status'] in ('cancelling', 'cancelled'), batch
    batch = server.wait(id, lambda batch: batch['status'] == 'cancelled')
    assert 1 <= len(server.lines(batch['output_file_id'])) == batch['request_counts']['completed'] < 40, batch


def check_expiry(server):
    id = server.batch([line(i, 200) for i in range(40)], window='3s')
    batch = server.wait(id, lambda batch: batch['status'] == 'expired')
    errors = server.lines(batch['error_file_id'])
    assert all(one['error']['code'] == 'batch_expired' for one in errors) and errors, errors[:2]
    assert len(errors) + len(server.lines(batch['output_file_id'])) == 40


def check_bad_file(server):
    batch = server.wait(server.batch([line(1), 'nonsense', line(1)]), lambda batch: batch['status'] == 'failed')
    assert [error['line'] for error in batch['errors']['data']] == [2, 3], batch


def check_interactive_first(server):
    id = server.batch([line(i, 100) for i in range(40)])
    server.wait(id, lambda batch: batch['request_counts']['completed'] >= 1)
    begin = time.monotonic()
    status, _ = server.ask('POST', '/v1/completions', {'model': 'm', 'prompt': 'hi', 'max_tokens': 4})
    assert status == 200 and time.monotonic() - begin < 5, time.monotonic() - begin
    server.ask('POST', f'/v1/batches/{id}/cancel')


def check_large_upload(server):
    """Beyond --max-body-bytes, and not held in memory; other routes take no more than before."""
    def resident(): return int(re.search(r'VmHWM:\s+(\d+) kB', Path(f'/proc/{server.process.pid}/status').read_text())[1])
    before = resident()
    lines = [json.dumps({'n': i, 'fill': 'x' * 990}) for i in range(48_000)]
    status, file = server.upload(lines)
    assert status == 200 and file['bytes'] > 45 << 20, file
    assert resident() - before < 16 << 10, f'{before} kB became {resident()} kB'
    status, answer = server.ask('POST', '/v1/completions', {'model': 'm', 'prompt': 'x' * (5 << 20)})
    assert status == 413, answer
    assert server.ask('DELETE', f'/v1/files/{file["id"]}')[0] == 200


def check_revoked(folder):
    """A key that is taken away begins no line any more; what was answered is kept."""
    keys, auth = folder / 'keys.yaml', folder / 'auth.yaml'
    def write(*ids):
        keys.write_text(json.dumps({'keys': [{'id': id, 'tenant': 'acme', 'scopes': ['admin'], 'key': f'{id}-0123456789abcdef'} for id in ids]}))
    write('maker', 'other')
    auth.write_text(f'keys: {keys}\n')
    server = Server(str(folder / 'revoked'), folder, '--auth', str(auth))
    try:
        server.key = 'maker-0123456789abcdef'
        id = server.batch([line(i, 200) for i in range(60)])
        server.wait(id, lambda batch: batch['request_counts']['completed'] >= 4)
        write('other')
        server.key = 'other-0123456789abcdef'
        batch = server.wait(id, lambda batch: batch['status'] not in ('in_progress', 'finalizing'))
        assert batch['status'] == 'failed' and batch['errors']['data'][0]['code'] == 'access_revoked', batch
        left = [json.loads(one) for one in server.ask('GET', f'/v1/files/{batch["error_file_id"]}/content')[1].splitlines()]
        assert {one['error']['code'] for one in left} == {'access_revoked'}, left[0]
        assert len(left) + len(server.lines(batch['output_file_id'])) == 60
    finally: server.stop()


def check_full_disk(folder):
    """On a file system of 600 KiB: an upload that has no room is refused, and a batch waits for room and ends."""
    small = folder / 'small'
    small.mkdir()
    if subprocess.run(['mount', '-t', 'tmpfs', '-o', 'size=600k', 'tmpfs', str(small)], capture_output=True).returncode:
        print('skip full disk: a file system cannot be mounted here')
        return
    server = None
    try:
        server = Server(str(small / 'state'), folder)
        status, answer = server.upload(['x' * 900_000])
        assert status == 503 and 'no room' in answer['error']['message'], answer
        id = server.batch([line(i, 30) for i in range(20)])
        room = small / 'ballast'
        try: room.write_bytes(b'x' * 600_000)
        except OSError: pass   # until nothing is left
        time.sleep(3)
        assert server.ask('GET', '/livez')[0] == 200
        room.unlink()
        batch = server.wait(id, lambda batch: batch['status'] == 'completed')
        assert ids(server.lines(batch['output_file_id'])) == sorted(f'line-{i}' for i in range(20))
    finally:
        if server: server.stop()
        subprocess.run(['umount', str(small)])
    print('ok full disk')


def main():
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        server = check_kill(folder)
        print('ok kill')
        try:
            for check in (check_cancel, check_expiry, check_bad_file, check_interactive_first, check_large_upload):
                check(server)
                print('ok', check.__name__.removeprefix('check_').replace('_', ' '), flush=True)
        finally: server.stop()
        check_revoked(folder)
        print('ok revoked')
        check_full_disk(folder)


if __name__ == '__main__': main()
