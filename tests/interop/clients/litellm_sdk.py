"""LiteLLM: chat, streams, structured output, tools, embeddings, rerank, responses, the overflow that it falls back by."""
import json, os

import litellm

from checks import HELLO, check, done

litellm.suppress_debug_info = True
ask = {'model': 'openai/m', 'api_base': os.environ['OPENAI_BASE_URL'], 'api_key': os.environ['OPENAI_API_KEY'], 'temperature': 0, 'num_retries': 0}
SCHEMA = {'type': 'object', 'properties': {'a': {'enum': [1, 2]}}, 'required': ['a'], 'additionalProperties': False}


@check
def chat_and_stream():
    plain = litellm.completion(messages=HELLO, max_tokens=5, **ask)
    chunks = litellm.completion(messages=HELLO, max_tokens=5, stream=True, **ask)
    assert ''.join(c.choices[0].delta.content or '' for c in chunks if c.choices) == plain.choices[0].message.content


@check
def structured():
    answer = litellm.completion(messages=HELLO, max_tokens=60, response_format={
        'type': 'json_schema', 'json_schema': {'name': 'x', 'strict': True, 'schema': SCHEMA}}, **ask)
    assert json.loads(answer.choices[0].message.content)['a'] in (1, 2), answer


@check
def tools():
    answer = litellm.completion(messages=HELLO, max_tokens=100, tool_choice='required', tools=[
        {'type': 'function', 'function': {'name': 'add', 'parameters': SCHEMA}}], **ask)
    assert json.loads(answer.choices[0].message.tool_calls[0].function.arguments)['a'] in (1, 2), answer


@check
def overflow():
    try: litellm.completion(messages=[{'role': 'user', 'content': 'once upon a time ' * 3000}], **ask)
    except litellm.ContextWindowExceededError as error: assert 'maximum context length is' in str(error), error
    else: raise AssertionError('a prompt of 12,000 tokens was answered')


@check
def embeddings():
    answer = litellm.embedding(model='openai/enc', input=['Hello'], api_base=ask['api_base'], api_key=ask['api_key'])
    assert len(answer.data[0]['embedding']) == 32, answer


@check
def rerank():
    answer = litellm.rerank(model='jina_ai/ce', query='Hello', documents=['a', 'b c'], top_n=1,
                            api_base=ask['api_base'] + '/rerank', api_key=ask['api_key'])
    assert len(answer.results) == 1, answer


@check
def responses():
    answer = litellm.responses(model='openai/m', input='Once upon a time', max_output_tokens=16,
                               api_base=ask['api_base'], api_key=ask['api_key'])
    assert answer.output[0].content[0].text, answer


done()
