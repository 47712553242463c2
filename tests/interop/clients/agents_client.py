"""openai-agents over chat completions and over responses."""
from typing import Literal

from agents import Agent, ModelSettings, OpenAIChatCompletionsModel, OpenAIResponsesModel, Runner, set_tracing_disabled
from openai import AsyncOpenAI
from pydantic import BaseModel

from checks import check, done

set_tracing_disabled(True)
client = AsyncOpenAI(max_retries=0)


class Pick(BaseModel):
    colour: Literal['red', 'blue']
    ok: bool


def agent(model, settings=None, **more):
    return Agent(name='a', instructions='Tell.', model=model, model_settings=settings or ModelSettings(temperature=0, max_tokens=60), **more)


@check
def chat_text():
    assert Runner.run_sync(agent(OpenAIChatCompletionsModel('m', client)), 'Once upon a time').final_output


@check
def chat_output_type():
    assert isinstance(Runner.run_sync(agent(OpenAIChatCompletionsModel('m', client), output_type=Pick), 'x').final_output, Pick)


@check
def responses_text():
    # An answer that was cut is an error to this library, so it ends after a sentence.
    settings = ModelSettings(temperature=0, max_tokens=300, extra_body={'stop': ['.']})
    assert Runner.run_sync(agent(OpenAIResponsesModel('m', client), settings), 'Once upon a time').final_output


@check
def responses_output_type():
    assert isinstance(Runner.run_sync(agent(OpenAIResponsesModel('m', client), output_type=Pick), 'x').final_output, Pick)


done()
