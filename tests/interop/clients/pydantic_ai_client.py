"""pydantic-ai: text, output by tool and by the server's own structured output, and the responses API."""
from typing import Literal

from pydantic import BaseModel
from pydantic_ai import Agent, NativeOutput
from pydantic_ai.models.openai import OpenAIChatModel, OpenAIResponsesModel
from pydantic_ai.providers.openai import OpenAIProvider

from checks import check, done


class Pick(BaseModel):
    """A pick."""
    colour: Literal['red', 'blue']
    ok: bool


provider = OpenAIProvider()
chat = OpenAIChatModel('m', provider=provider)
settings = {'max_tokens': 200, 'temperature': 0}


@check
def text():
    assert Agent(chat, model_settings={'max_tokens': 8, 'temperature': 0}).run_sync('Once upon a time').output


@check
def output_by_tool():
    assert isinstance(Agent(chat, output_type=Pick, model_settings=settings).run_sync('x').output, Pick)


@check
def native_output():
    assert isinstance(Agent(chat, output_type=NativeOutput(Pick), model_settings=settings).run_sync('x').output, Pick)


@check
def responses_text():
    model = OpenAIResponsesModel('m', provider=provider)
    assert Agent(model, model_settings={'max_tokens': 16, 'temperature': 0}).run_sync('Once upon a time').output


done()
