#!/usr/bin/env python3
"""Drives a server with the clients that people have, unmodified, and prints a table of what works. Opt-in, because it
downloads them:

  tests/interop/run_clients.py --pano build/release/bin/pano [--work DIR] [--only NAME ...]

Each client has an environment of its own under DIR (kept between runs) with the versions that CLIENTS pins, and a script in
clients/ that makes some checks; a script prints a line a check: "ok NAME", "FAIL NAME: why" or "skip NAME: why". A client that
cannot be installed is skipped with the reason. Exit code 1: a check failed."""
import argparse, importlib.util, os, re, shutil, subprocess, sys, tempfile, time
from pathlib import Path

here = Path(__file__).resolve().parent
source = here.parent.parent

# name: (kind, packages, script)
CLIENTS = {
    'openai': ('pip', ['openai==3.51.0'], 'openai_sdk.py'),
    'openai-node': ('npm', ['openai@7.55.0', 'zod@4.6.7'], 'openai_sdk.mjs'),
    'ai-sdk': ('npm', ['ai@7.0.173', '@ai-sdk/openai-compatible@3.0.92', '@ai-sdk/openai@4.0.118', 'zod@4.6.7'], 'ai_sdk.mjs'),
    'langchain': ('pip', ['langchain-openai==1.7.4'], 'langchain_client.py'),
    'litellm': ('pip', ['litellm==1.110.2'], 'litellm_sdk.py'),
    'instructor': ('pip', ['instructor==1.17.0'], 'instructor_client.py'),
    'outlines': ('pip', ['outlines==1.3.3', 'openai==3.51.0'], 'outlines_client.py'),
    'pydantic-ai': ('pip', ['pydantic-ai-slim[openai]==2.68.0'], 'pydantic_ai_client.py'),
    'openai-agents': ('pip', ['openai-agents==0.24.0'], 'agents_client.py'),
    'llama-index': ('pip', ['llama-index-llms-openai-like==0.8.1', 'llama-index-core==0.14.25'], 'llama_index_client.py'),
    'huggingface_hub': ('pip', ['huggingface-hub==2.4.0'], 'inference_client.py'),
    'lm-eval': ('pip', ['lm-eval[api]==0.4.13', 'transformers==5.23.0'], 'lm_eval_client.py'),
    'anthropic': ('pip', ['anthropic==2.14.0'], 'anthropic_client.py'),
    'ollama': ('pip', ['ollama==0.6.3'], 'ollama_client.py'),
    'go-openai': ('go', ['github.com/sashabaranov/go-openai@v1.43.0'], 'go_openai.go'),
}


def run(command, log, cwd=None, env=None, timeout=1200):
    with open(log, 'a') as out:
        out.write(f'$ {" ".join(map(str, command))}\n')
        out.flush()
        try: return subprocess.run(command, stdout=out, stderr=subprocess.STDOUT, cwd=cwd, env=env, timeout=timeout).returncode == 0
        except (subprocess.TimeoutExpired, FileNotFoundError) as error:
            out.write(f'{error}\n')
            return False


def prepare(name, kind, packages, script, work):
    """The command that runs the client's script, or (None, why not)."""
    folder, log = work / name, work / f'{name}.log'
    folder.mkdir(parents=True, exist_ok=True)
    log.write_text('')
    done = folder / 'installed'
    ready = done.exists() and done.read_text() == '\n'.join(packages)
    if kind == 'pip':
        python = folder / 'venv/bin/python'
        if not ready:
            if not run([sys.executable, '-m', 'venv', '--clear', folder / 'venv'], log): return None, 'no venv'
            if not run([python, '-m', 'pip', 'install', '-q', *packages], log): return None, f'pip could not install it ({log})'
        command = [python, '-B', here / 'clients' / script]
    elif kind == 'npm':
        if not shutil.which('npm'): return None, 'no npm'
        if not ready and not run(['npm', 'install', '--no-audit', '--no-fund', '--silent', *packages], log, folder):
            return None, f'npm could not install it ({log})'
        shutil.copy(here / 'clients' / script, folder / script)
        shutil.copy(here / 'clients/checks.mjs', folder / 'checks.mjs')
        command = ['node', folder / script]
    else:
        if not shutil.which('go'): return None, 'no go'
        shutil.copy(here / 'clients' / script, folder / 'main.go')
        if not ready:
            if not (folder / 'go.mod').exists() and not run(['go', 'mod', 'init', 'interop'], log, folder): return None, 'no module'
            if not run(['go', 'get', *packages], log, folder): return None, f'go could not get it ({log})'
        if not run(['go', 'build', '-o', 'client', '.'], log, folder): return None, f'it does not build ({log})'
        command = [folder / 'client']
    done.write_text('\n'.join(packages))
    return command, ''


class Server:
    def __init__(self, pano, work):
        spec = importlib.util.spec_from_file_location('tiny_encoder', source / 'tests/protocols/tiny_encoder.py')
        tiny = importlib.util.module_from_spec(spec)
        spec.loader.exec_module(tiny)
        for name in ('embedder', 'ranker'): tiny.make(name, work / name)
        self.log = open(work / 'serve.log', 'w')
        self.process = subprocess.Popen(
            [pano, 'serve', '--port', '0', '--api-key', 'interop-key', f'--model=m={source / "models/starter"}',
             f'--model=enc={work / "embedder"}', f'--model=ce={work / "ranker"}'], stdout=self.log, stderr=subprocess.STDOUT)
        for _ in range(300):
            found = re.search(r'listening on (http://[0-9.:]+)', Path(self.log.name).read_text())
            if found: break
            if self.process.poll() is not None: sys.exit(Path(self.log.name).read_text())
            time.sleep(0.1)
        self.url = found[1]

    def stop(self):
        self.process.terminate()
        try: self.process.wait(30)
        except subprocess.TimeoutExpired: self.process.kill()


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument('--pano', default=source / 'build/release/bin/pano')
    parser.add_argument('--work', type=Path, default=None)
    parser.add_argument('--only', nargs='*', default=list(CLIENTS), choices=list(CLIENTS))
    parser.add_argument('--prepare', action='store_true', help='install the clients and stop')
    options = parser.parse_args()
    work = (options.work or Path(tempfile.mkdtemp())).resolve()
    work.mkdir(parents=True, exist_ok=True)
    server = None if options.prepare else Server(options.pano, work)
    rows = []
    try:
        for name in options.only:
            command, why = prepare(name, *CLIENTS[name], work)
            if not command or options.prepare:
                rows.append((name, '-', 'skip' if not command else 'ok', why))
                continue
            env = dict(os.environ, OPENAI_BASE_URL=server.url + '/v1', OPENAI_API_KEY='interop-key', PANO_URL=server.url,
                       OPENAI_AGENTS_DISABLE_TRACING='1', LITELLM_LOCAL_MODEL_COST_MAP='True')
            try:
                done = subprocess.run(command, env=env, cwd=work / name, capture_output=True, text=True, timeout=600)
                output, error, code = done.stdout, done.stderr, done.returncode
            except subprocess.TimeoutExpired: output, error, code = '', 'timed out', 1
            found = re.findall(r'^(ok|FAIL|skip) ([\w -]+?)(?:: (.*))?$', output, re.M)
            (work / f'{name}.log').write_text(output + error)
            rows += [(name, check, word, why) for word, check, why in found]
            if not found or (code != 0 and not any(word == 'FAIL' for word, _, _ in found)):
                rows.append((name, 'script', 'FAIL', (error.strip().splitlines() or ['no checks'])[-1]))
    finally:
        if server: server.stop()
    print(f'{"client":<18} {"check":<28} {"result":<6}')
    for client, check, word, why in rows: print(f'{client:<18} {check:<28} {word:<6} {why[:150]}')
    failed = sum(word == 'FAIL' for _, _, word, _ in rows)
    print(f'{sum(word == "ok" for _, _, word, _ in rows)} ok, {failed} failed, {sum(word == "skip" for _, _, word, _ in rows)} skipped')
    return 1 if failed else 0


if __name__ == '__main__':
    sys.dont_write_bytecode = True
    sys.exit(main())
