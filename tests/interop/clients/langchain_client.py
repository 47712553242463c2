"""LangChain: chat, streams, with_structured_output in its methods, tools, embeddings by text."""
from typing import Literal

from langchain_openai import ChatOpenAI, OpenAIEmbeddings
from pydantic import BaseModel

from checks import check, done


class Pick(BaseModel):
    """A pick."""
    colour: Literal['red', 'blue']
    ok: bool


chat = ChatOpenAI(model='m', temperature=0, max_tokens=100, max_retries=0)


@check
def invoke():
    assert chat.invoke('Once upon a time').content


@check
def stream():
    assert ''.join(piece.content for piece in chat.stream('Once upon a time')) == chat.invoke('Once upon a time').content


@check
def structured_by_json_schema():
    assert isinstance(chat.with_structured_output(Pick, method='json_schema').invoke('x'), Pick)


@check
def structured_by_function_calling():
    assert isinstance(chat.with_structured_output(Pick, method='function_calling').invoke('x'), Pick)


@check
def responses_api():
    other = ChatOpenAI(model='m', temperature=0, max_tokens=16, max_retries=0, use_responses_api=True)
    assert other.invoke('Once upon a time').text


@check
def embeddings_by_text():
    embeddings = OpenAIEmbeddings(model='enc', check_embedding_ctx_length=False)
    assert len(embeddings.embed_query('Hello')) == 32
    assert [len(row) for row in embeddings.embed_documents(['a', 'b'])] == [32, 32]


done()
