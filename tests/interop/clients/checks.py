"""A script's checks: each is a function; what it raises is its failure. A name is printed with "ok", "FAIL" or "skip"."""
import sys, traceback

HELLO = [{'role': 'user', 'content': 'Once upon a time'}]
failed = False


class Skip(Exception):
    """A check that cannot be made here; its text says why."""


def check(function):
    """Runs the check at once, under the name of its function."""
    global failed
    name = function.__name__.strip('_').replace('_', ' ')
    try: function()
    except Skip as why: print(f'skip {name}: {why}', flush=True)
    except Exception as error:
        failed = True
        traceback.print_exc()
        print(f'FAIL {name}: {type(error).__name__}: {" ".join(str(error).split())[:300]}', flush=True)
    else: print(f'ok {name}', flush=True)
    return function


def done(): sys.exit(1 if failed else 0)
