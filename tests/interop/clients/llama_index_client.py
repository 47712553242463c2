"""llama-index over an OpenAI-like server: completions, chat, streams, structured prediction."""
import os
from typing import Literal

from llama_index.core.llms import ChatMessage
from llama_index.core.prompts import PromptTemplate
from llama_index.llms.openai_like import OpenAILike
from pydantic import BaseModel

from checks import check, done


class Pick(BaseModel):
    """A pick."""
    colour: Literal['red', 'blue']
    ok: bool


base = dict(model='m', api_base=os.environ['OPENAI_BASE_URL'], api_key=os.environ['OPENAI_API_KEY'], temperature=0, max_retries=0,
            context_window=512)


@check
def complete():
    llm = OpenAILike(is_chat_model=False, max_tokens=8, **base)
    text = llm.complete('Once upon a time').text
    assert text and [piece.text for piece in llm.stream_complete('Once upon a time')][-1] == text


@check
def chat():
    llm = OpenAILike(is_chat_model=True, max_tokens=8, **base)
    assert llm.chat([ChatMessage(role='user', content='Once upon a time')]).message.content


@check
def structured():
    llm = OpenAILike(is_chat_model=True, is_function_calling_model=True, max_tokens=200, **base)
    assert isinstance(llm.structured_predict(Pick, PromptTemplate('x')), Pick)


done()
