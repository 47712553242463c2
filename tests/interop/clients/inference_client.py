"""Hugging Face's InferenceClient: chat, streams, structured output."""
import json, os

from huggingface_hub import InferenceClient

from checks import HELLO, check, done

client = InferenceClient(base_url=os.environ['OPENAI_BASE_URL'], api_key=os.environ['OPENAI_API_KEY'])
SCHEMA = {'type': 'object', 'properties': {'a': {'enum': [1, 2]}}, 'required': ['a'], 'additionalProperties': False}


@check
def chat():
    answer = client.chat.completions.create(model='m', messages=HELLO, max_tokens=8, temperature=0)
    assert answer.choices[0].message.content, answer


@check
def stream():
    plain = client.chat_completion(HELLO, model='m', max_tokens=8, temperature=0).choices[0].message.content
    pieces = client.chat_completion(HELLO, model='m', max_tokens=8, temperature=0, stream=True)
    assert ''.join(c.choices[0].delta.content or '' for c in pieces if c.choices) == plain


@check
def structured():
    answer = client.chat_completion(HELLO, model='m', max_tokens=60, response_format={
        'type': 'json_schema', 'json_schema': {'name': 'x', 'schema': SCHEMA, 'strict': True}})
    text = answer.choices[0].message.content
    assert answer.choices[0].finish_reason == 'stop' and json.loads(text)['a'] in (1, 2), answer


done()
