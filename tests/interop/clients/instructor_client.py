"""instructor in each of its modes for OpenAI's client."""
from typing import Literal

import instructor
import openai
from pydantic import BaseModel

from checks import HELLO, Skip, check, done


class Pick(BaseModel):
    colour: Literal['red', 'blue']
    ok: bool


def try_mode(name):
    def run():
        mode = getattr(instructor.Mode, name, None)
        if mode is None: raise Skip('this version has no such mode')
        client = instructor.from_openai(openai.OpenAI(max_retries=0), mode=mode)
        assert isinstance(client.chat.completions.create(model='m', messages=HELLO, response_model=Pick, max_tokens=400,
                                                         temperature=0, max_retries=0), Pick)
    run.__name__ = name.lower()
    check(run)


# The likeliest answer ends; one that is drawn may put blanks until max_tokens.
# JSON and MD_JSON ask for JSON in words alone, or for any object: a model of 2 M parameters does not follow.
for name in ('TOOLS', 'TOOLS_STRICT', 'JSON_SCHEMA', 'RESPONSES_TOOLS'): try_mode(name)
done()
