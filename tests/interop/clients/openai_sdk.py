"""OpenAI's Python client: structured parsing, tools, responses, embeddings."""
from typing import Literal

import openai
from pydantic import BaseModel

from checks import HELLO, check, done

client = openai.OpenAI(max_retries=0)


class Pick(BaseModel):
    colour: Literal['red', 'blue']
    count: Literal[1, 2, 3]


TOOL = {'type': 'function', 'function': {'name': 'add', 'description': 'Adds', 'parameters': {
    'type': 'object', 'properties': {'a': {'enum': [1, 2, 3]}}, 'required': ['a'], 'additionalProperties': False}}}


@check
def parse():
    answer = client.chat.completions.parse(model='m', messages=HELLO, response_format=Pick, max_tokens=80)
    assert isinstance(answer.choices[0].message.parsed, Pick), answer


@check
def parse_streamed():
    with client.chat.completions.stream(model='m', messages=HELLO, response_format=Pick, max_tokens=80) as stream:
        final = stream.get_final_completion()
    assert isinstance(final.choices[0].message.parsed, Pick), final


@check
def json_object():
    import json
    answer = client.chat.completions.create(model='m', messages=HELLO, response_format={'type': 'json_object'}, max_tokens=300, seed=1)
    if answer.choices[0].finish_reason == 'stop': assert isinstance(json.loads(answer.choices[0].message.content), dict)


@check
def tool_forced():
    import json
    answer = client.chat.completions.create(model='m', messages=HELLO, tools=[TOOL], max_tokens=200,
                                            tool_choice={'type': 'function', 'function': {'name': 'add'}})
    call = answer.choices[0].message.tool_calls[0]
    assert call.function.name == 'add' and json.loads(call.function.arguments)['a'] in (1, 2, 3), answer


@check
def tool_streamed():
    import json
    chunks = list(client.chat.completions.create(model='m', messages=HELLO, tools=[TOOL], max_tokens=200, stream=True,
                                                 tool_choice='required', parallel_tool_calls=False))
    calls = [c.choices[0].delta.tool_calls[0] for c in chunks if c.choices and c.choices[0].delta.tool_calls and c.choices[0].delta.tool_calls[0].index == 0]
    assert calls[0].function.name == 'add' and calls[0].id
    assert json.loads(''.join(c.function.arguments or '' for c in calls))['a'] in (1, 2, 3)
    assert chunks[-1].choices[0].finish_reason == 'tool_calls', chunks[-1]


@check
def responses():
    answer = client.responses.create(model='m', input='Once upon a time', max_output_tokens=16, temperature=0)
    assert answer.output_text and answer.status in ('completed', 'incomplete'), answer
    assert answer.usage.total_tokens == answer.usage.input_tokens + answer.usage.output_tokens
    again = client.responses.create(model='m', input='And then?', max_output_tokens=8, temperature=0, previous_response_id=answer.id)
    talk = client.responses.create(model='m', max_output_tokens=8, temperature=0, input=[
        {'role': 'user', 'content': 'Once upon a time'}, {'role': 'assistant', 'content': answer.output_text},
        {'role': 'user', 'content': 'And then?'}])
    assert again.output_text == talk.output_text and again.usage.input_tokens == talk.usage.input_tokens
    assert client.responses.retrieve(answer.id).output_text == answer.output_text
    assert client.responses.input_items.list(answer.id).data[0].role == 'user'
    client.responses.delete(answer.id)
    try: client.responses.retrieve(answer.id)
    except openai.NotFoundError: pass
    else: raise AssertionError('a deleted response was answered')


@check
def responses_streamed():
    # The client takes only a response that came to its end, so one is made to: after a sentence.
    ask = dict(model='m', input='Once upon a time', max_output_tokens=300, temperature=0, extra_body={'stop': ['.']})
    plain = client.responses.create(**ask)
    with client.responses.stream(**ask) as stream:
        text = ''.join(event.delta for event in stream if event.type == 'response.output_text.delta')
        final = stream.get_final_response()
    assert text == plain.output_text == final.output_text, (text, plain)


@check
def responses_parse():
    answer = client.responses.parse(model='m', input='x', text_format=Pick, max_output_tokens=80)
    assert isinstance(answer.output_parsed, Pick), answer


@check
def responses_tool():
    import json
    tool = {'type': 'function', 'name': 'add', 'description': 'Adds', 'strict': True, 'parameters': TOOL['function']['parameters']}
    answer = client.responses.create(model='m', input='x', tools=[tool], tool_choice='required', max_output_tokens=200)
    call = next(item for item in answer.output if item.type == 'function_call')
    assert call.name == 'add' and json.loads(call.arguments)['a'] in (1, 2, 3), answer
    after = client.responses.create(model='m', previous_response_id=answer.id, max_output_tokens=8, input=[
        {'type': 'function_call_output', 'call_id': call.call_id, 'output': '3'}])
    assert after.output_text is not None


@check
def embeddings():
    plain = client.embeddings.create(model='enc', input=['Hello world', 'x'])   # base64 on the wire
    assert len(plain.data) == 2 and len(plain.data[0].embedding) == 32, plain
    assert abs(sum(x * x for x in plain.data[0].embedding) - 1) < 1e-4
    cut = client.embeddings.create(model='enc', input='Hello world', dimensions=8)
    assert len(cut.data[0].embedding) == 8 and abs(sum(x * x for x in cut.data[0].embedding) - 1) < 1e-4
    ids = client.embeddings.create(model='enc', input=[[2, 10, 11, 3]])
    assert ids.usage.prompt_tokens == 4


@check
def refusals():
    for call in (lambda: client.moderations.create(input='x'), lambda: client.images.generate(prompt='x')):
        try: call()
        except openai.NotFoundError as error: assert error.code == 'endpoint_not_supported', error
        else: raise AssertionError('answered')
    try: client.responses.create(model='m', input='x', background=True)
    except openai.BadRequestError as error: assert error.param == 'background', error
    else: raise AssertionError('answered')


done()
