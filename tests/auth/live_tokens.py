#!/usr/bin/env python3
"""A real `pano serve --auth` and issuers on loopback: every token case of the shared known answers, signed now; then a
rotated key, a flood of unknown keys, issuers that are away, slow or lying, and tokens that are bound to a certificate.

  PANO=build/release/bin/pano SOURCE_DIR=. python3 tests/auth/live_tokens.py

Exit code 77, with the reason, where Python's `cryptography` or the shared data is absent. Needs nothing else."""
import base64, datetime, hashlib, http.client, http.server, importlib.util, ipaddress, json, os, re, signal, ssl, subprocess, sys, tempfile, threading, time
from pathlib import Path

source = Path(os.environ.get('SOURCE_DIR', '.')).resolve()
pano = os.environ.get('PANO', str(source / 'build/release/bin/pano'))
golden = Path(os.environ.get('PANO_SHARED', source.parent / 'shared')) / 'data/golden/auth'


def skip(why):
    print('skipped:', why)
    sys.exit(77)


if not (golden / 'sign.py').exists(): skip('no shared data: PANO_SHARED or ../shared')
try: import cryptography  # noqa: F401
except ImportError: skip("Python's cryptography is not installed")
sys.dont_write_bytecode = True
spec = importlib.util.spec_from_file_location('sign', golden / 'sign.py')
sign = importlib.util.module_from_spec(spec)
spec.loader.exec_module(sign)

cases = json.loads((golden / 'cases.json').read_text())['cases']
secret_keys = json.loads((golden / 'keys.json').read_text())
published = json.loads((golden / 'jwks.json').read_text())
failures = []


def check(what, good, detail=''):
    if not good:
        failures.append(what)
        print(f'FAILED {what}: {detail}')
    return good


class Issuers:
    """HTTP on loopback: /NAME/.well-known/openid-configuration and /NAME/keys, and every path that was asked for."""

    def __init__(self):
        self.asked, self.behaviour, self.lock = [], {}, threading.Lock()
        self.keys = json.loads(json.dumps(published))
        outer = self

        class Handler(http.server.BaseHTTPRequestHandler):
            protocol_version = 'HTTP/1.1'

            def do_GET(self): outer.answer(self)
            def log_message(self, *_): pass

        self.server = http.server.ThreadingHTTPServer(('127.0.0.1', 0), Handler)
        self.server.daemon_threads = True
        self.base = f'http://127.0.0.1:{self.server.server_port}'
        threading.Thread(target=self.server.serve_forever, daemon=True).start()

    def answer(self, request):
        with self.lock: self.asked.append(request.path)
        name, _, rest = request.path.strip('/').partition('/')
        how = self.behaviour.get(name)
        status, body = 404, b'{}'
        if name in self.keys and rest == '.well-known/openid-configuration':
            who = 'http://127.0.0.1:1/elsewhere' if how == 'another name' else f'{self.base}/{name}'
            status, body = 200, json.dumps({'issuer': who, 'jwks_uri': f'{self.base}/{name}/keys'}).encode()
        elif name in self.keys and rest == 'keys':
            status, body = 200, json.dumps(self.keys[name]).encode()
        if how == 'slow': time.sleep(60)
        if how == 'down': status, body = 503, b'down'
        if how == 'page': status, body = 200, b'<html>sign in</html>'
        if how == 'huge': status, body = 200, b'{"keys":[' + b' ' * (64 << 20)
        if how == 'redirect':
            request.send_response(302)
            request.send_header('Location', f'{self.base}/trap/keys')
            request.send_header('Content-Length', '0')
            return request.end_headers()
        try:
            request.send_response(status)
            request.send_header('Content-Type', 'application/json')
            request.send_header('Content-Length', str(len(body)))
            request.end_headers()
            request.wfile.write(body)
        except OSError: pass   # the reader has had enough

    def count(self, path):
        with self.lock: return self.asked.count(path)


class Server:
    def __init__(self, issuers, settings, *options):
        self.folder = tempfile.TemporaryDirectory()
        self.path = path = Path(self.folder.name) / 'auth.yaml'
        self.write(issuers, settings)
        self.log = open(Path(self.folder.name) / 'log', 'w+')
        self.process = subprocess.Popen([pano, 'serve', '--port', '0', '--threads', '1', '--model', f'starter={source}/models/starter',
                                         '--auth', str(path), *options], stdout=subprocess.DEVNULL, stderr=self.log)
        until = time.time() + 60
        while time.time() < until:
            text = Path(self.log.name).read_text()
            found = re.search(r'listening on https?://127\.0\.0\.1:(\d+)', text)
            if found: break
            if self.process.poll() is not None: sys.exit(f'pano serve ends: {text}')
            time.sleep(0.05)
        self.port = int(found[1])

    def write(self, issuers, settings):
        entries = [{'issuer': f"{issuers.base}/{s['name']}", **{k: v for k, v in s.items() if k != 'name'}} for s in settings]
        self.path.write_text(json.dumps({'issuers': entries}))

    def get(self, headers, path='/v1/models/starter', tls=None):
        """(status, WWW-Authenticate, seconds); status 0 where the connection was closed."""
        begun = time.time()
        connection = (http.client.HTTPSConnection('127.0.0.1', self.port, timeout=60, context=tls) if tls
                      else http.client.HTTPConnection('127.0.0.1', self.port, timeout=60))
        try:
            connection.putrequest('GET', path)
            for name, value in headers: connection.putheader(name, value)
            connection.endheaders()
            response = connection.getresponse()
            response.read()
            return response.status, response.getheader('WWW-Authenticate') or '', time.time() - begun
        except OSError: return 0, '', time.time() - begun
        finally: connection.close()

    def bearer(self, token, tls=None): return self.get([('Authorization', f'Bearer {token}')], tls=tls)

    def close(self):
        self.process.terminate()
        self.process.wait(30)
        self.folder.cleanup()


def token_of(case, base, **changes):
    return sign.make_token({**case, **changes}, secret_keys, None, base)


def outcome_is_right(case, status, challenge):
    if status in case.get('status', ()): return True
    expected = case['expect']
    if expected == 'accept': return status == 200
    if expected == 'forbidden': return status == 404 or (status == 403 and 'insufficient_scope' in challenge)
    if expected == 'either': return status in (200, 401)
    coded = 'error=' not in challenge if case.get('no_error') else 'error="invalid_token"' in challenge
    return status == 401 and challenge.startswith('Bearer') and coded


def all_cases(issuers, server):
    print(f"{'case':22} {'expected':10} answer")
    for case in cases:
        token = token_of(case, issuers.base)
        send = case.get('send', {'headers': [['Authorization', 'Bearer ${token}']]})
        query = send.get('query', '').replace('${token}', token)
        headers = [(n, v.replace('${token}', token)) for n, v in send['headers']]
        status, challenge, seconds = server.get(headers, '/v1/models/starter' + (f'?{query}' if query else ''))
        right = outcome_is_right(case, status, challenge)
        print(f"{case['name']:22} {case['expect']:10} {status}{'' if right else '  WRONG'}")
        check(case['name'], right, f"{status} {challenge}; {case['why']}")
        check(case['name'] + ' is answered within a bound', seconds < 15, f'{seconds:.1f} s')
    documents = {f'/{name}/{rest}' for name in issuers.keys for rest in ('keys', '.well-known/openid-configuration')}
    strays = [path for path in issuers.asked if path not in documents]
    check('nothing is fetched that a token names', not strays, strays)


def by_name(name): return next(case for case in cases if case['name'] == name)


def rotation(issuers, server):
    good = by_name('rs256')
    old = token_of(good, issuers.base)
    check('the key before', server.bearer(old)[0] == 200)
    next_key = {**sign.public_jwk(secret_keys['rsa_unpublished']), 'kid': 'rsa-next'}
    issuers.keys['main'] = {'keys': [next_key]}
    new = token_of(by_name('kid-unknown'), issuers.base)
    time.sleep(5.5)   # the cases before may have used up what unknown keys may ask for
    check('a token with the next key is taken at once', server.bearer(new)[0] == 200)
    check('the key that has gone ends, also for a token that was taken before', server.bearer(old)[0] == 401)
    issuers.keys['main'] = json.loads(json.dumps(published['main']))
    time.sleep(5.5)
    before = issuers.count('/main/keys')
    for i in range(200):
        server.bearer(token_of({**good, 'header': {**good['header'], 'kid': f'unknown-{i}'}}, issuers.base))
    asked = issuers.count('/main/keys') - before
    check('a flood of unknown keys asks the issuer a few times', 1 <= asked <= 8, asked)


def away(issuers, server):
    token = token_of(by_name('second-key'), issuers.base)
    time.sleep(5.5)
    server.bearer(token)
    check('taken before the issuer goes', server.bearer(token)[0] == 200)
    for how in ('down', 'page', 'huge', 'redirect'):
        issuers.behaviour['main'] = how
        unknown = token_of({**by_name('rs256'), 'header': {'alg': 'RS256', 'kid': f'nobody-{how}'}}, issuers.base)
        status, _, seconds = server.bearer(unknown)
        check(f'issuer {how}: an unknown key is refused in time', status == 401 and seconds < 11, f'{status} {seconds:.1f} s')
        check(f'issuer {how}: its keys stay', server.bearer(token_of(by_name('second-key'), issuers.base))[0] == 200)
    check('no redirect is followed', issuers.count('/trap/keys') == 0)


def from_the_start(issuers, settings):
    """Issuers that never said anything: the server starts, says 503 to their tokens, and recovers by itself."""
    for how in ('down', 'slow', 'page', 'huge', 'another name'):
        issuers.behaviour['main'] = how
        server = Server(issuers, [s for s in settings if s['name'] in ('main', 'other')])
        try:
            token = token_of(by_name('rs256'), issuers.base)
            status, _, seconds = server.bearer(token)
            check(f'issuer {how} at the start: 503', status == 503 and seconds < 11, f'{status} {seconds:.1f} s')
            other = {**by_name('rs256'), 'issuer': 'other', 'sign': {'key': 'rsa_other'}, 'header': {'alg': 'RS256', 'kid': 'other-1'}}
            other['claims'] = {**other['claims'], 'iss': '${iss:other}', 'aud': 'pano-other'}
            status, _, seconds = server.bearer(token_of(other, issuers.base))
            check(f"issuer {how}: another issuer's tokens are taken", status == 200 and seconds < 1, f'{status} {seconds:.1f} s')
            if how == 'down':
                issuers.behaviour.pop('main')
                for _ in range(100):
                    if server.bearer(token)[0] == 200: break
                    time.sleep(0.1)
                check('taken once the issuer is there', server.bearer(token)[0] == 200)
        finally: server.close()


def followed(issuers, settings):
    """The file is read again when it changes and on SIGHUP; what is wrong changes nothing."""
    of = lambda *names: [s for s in settings if s['name'] in names]
    server = Server(issuers, of('main'))
    try:
        main = token_of(by_name('rs256'), issuers.base)
        other = {**by_name('rs256'), 'issuer': 'other', 'sign': {'key': 'rsa_other'}, 'header': {'alg': 'RS256', 'kid': 'other-1'}}
        other['claims'] = {**other['claims'], 'iss': '${iss:other}', 'aud': 'pano-other'}
        other = token_of(other, issuers.base)

        def becomes(token, status):
            for _ in range(60):
                if server.bearer(token)[0] == status: return True
                time.sleep(0.1)
            return False
        check('followed: one issuer at first', server.bearer(main)[0] == 200 and server.bearer(other)[0] == 401)
        asked = issuers.count('/main/keys')
        server.write(issuers, of('main', 'other'))
        check('followed: a new issuer is taken', becomes(other, 200))
        check('followed: the keys of one that stays are kept', issuers.count('/main/keys') == asked)
        server.path.write_text('issuers: [')
        server.process.send_signal(signal.SIGHUP)
        time.sleep(0.5)
        check('followed: a wrong file changes nothing', server.bearer(main)[0] == 200 and server.bearer(other)[0] == 200)
        check('followed: the log says why', 'what was in force before stays so' in Path(server.log.name).read_text())
        server.write(issuers, of('other'))
        server.process.send_signal(signal.SIGHUP)
        check('followed: an issuer that is gone is refused', becomes(main, 401))
        check('followed: the other goes on', server.bearer(other)[0] == 200)
    finally: server.close()


def certificates(folder):
    """An authority, and what it has signed for the server and two clients: PEM files, and each one's SHA-256 (x5t#S256)."""
    from cryptography import x509
    from cryptography.hazmat.primitives import hashes, serialization
    from cryptography.hazmat.primitives.asymmetric import ec
    now, hashes_of = datetime.datetime.now(datetime.timezone.utc), {}
    authority = None
    for name in ('ca', 'server', 'client', 'other'):
        key = ec.generate_private_key(ec.SECP256R1())
        who = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, name)])
        builder = (x509.CertificateBuilder().subject_name(who).issuer_name(authority[1] if authority else who)
                   .public_key(key.public_key()).serial_number(x509.random_serial_number())
                   .not_valid_before(now - datetime.timedelta(days=1)).not_valid_after(now + datetime.timedelta(days=1))
                   .add_extension(x509.BasicConstraints(ca=name == 'ca', path_length=None), critical=True)
                   .add_extension(x509.SubjectAlternativeName([x509.IPAddress(ipaddress.ip_address('127.0.0.1'))]), critical=False))
        certificate = builder.sign(authority[0] if authority else key, hashes.SHA256())
        if name == 'ca': authority = (key, who)
        pem = serialization.Encoding.PEM
        (folder / f'{name}.pem').write_bytes(certificate.public_bytes(pem))
        (folder / f'{name}.key').write_bytes(key.private_bytes(pem, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()))
        der = certificate.public_bytes(serialization.Encoding.DER)
        hashes_of[name] = base64.urlsafe_b64encode(hashlib.sha256(der).digest()).rstrip(b'=').decode()
    return hashes_of


def bound_tokens(issuers, settings):
    """RFC 8705: a token that names a certificate is good on a connection with that certificate alone."""
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        thumbprints = certificates(folder)
        server = Server(issuers, [s for s in settings if s['name'] == 'main'], '--tls-cert', str(folder / 'server.pem'),
                        '--tls-key', str(folder / 'server.key'), '--tls-client-ca', str(folder / 'ca.pem'))
        try:
            def tls(client=None):
                context = ssl.create_default_context(cafile=str(folder / 'ca.pem'))
                if client: context.load_cert_chain(str(folder / f'{client}.pem'), str(folder / f'{client}.key'))
                return context
            case = by_name('rs256')
            claims = {**case['claims'], 'cnf': {'x5t#S256': thumbprints['client']}}
            token, free = token_of({**case, 'claims': claims}, issuers.base), token_of(case, issuers.base)
            check('a bound token with its certificate', server.bearer(token, tls('client'))[0] == 200)
            check('a bound token without a certificate', server.bearer(token, tls())[0] == 401)
            check('a bound token with another certificate', server.bearer(token, tls('other'))[0] == 401)
            check('a bound token with its certificate, again', server.bearer(token, tls('client'))[0] == 200)
            check('a token that is not bound needs no certificate', server.bearer(free, tls())[0] == 200)
        finally: server.close()


def main():
    issuers = Issuers()
    settings = json.loads((golden / 'issuers.json').read_text())
    server = Server(issuers, settings)
    try:
        all_cases(issuers, server)
        rotation(issuers, server)
        away(issuers, server)
    finally: server.close()
    issuers.behaviour.clear()
    from_the_start(issuers, settings)
    issuers.behaviour.clear()
    followed(issuers, settings)
    bound_tokens(issuers, settings)
    print(f'{len(cases)} cases, {len(failures)} failures')
    return 1 if failures else 0


if __name__ == '__main__': sys.exit(main())
