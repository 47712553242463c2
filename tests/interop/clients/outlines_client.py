"""outlines over OpenAI's client, and over vLLM's fields."""
from typing import Literal

import openai
import outlines
from pydantic import BaseModel

from checks import check, done


class Pick(BaseModel):
    colour: Literal['red', 'blue']
    ok: bool


@check
def json_schema():
    model = outlines.from_openai(openai.OpenAI(max_retries=0), 'm')
    assert isinstance(Pick.model_validate_json(model('x', Pick, max_tokens=100)), Pick)


@check
def vllm_choice():
    model = outlines.from_vllm(openai.OpenAI(max_retries=0), 'm')
    assert model('x', Literal['red', 'blue'], max_tokens=20) in ('red', 'blue')


@check
def vllm_regex():
    import re
    model = outlines.from_vllm(openai.OpenAI(max_retries=0), 'm')
    assert re.fullmatch(r'[0-9]{3}', model('x', outlines.regex(r'[0-9]{3}'), max_tokens=20))


done()
