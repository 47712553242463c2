"""Anthropic's own client."""
import os

import anthropic
from pydantic import BaseModel

from checks import check, done

client = anthropic.Anthropic(base_url=os.environ['PANO_URL'], api_key='interop-key', max_retries=0)
HELLO = [{'role': 'user', 'content': 'Once upon a time'}]
ADD = {'name': 'add', 'description': 'Adds', 'input_schema': {
    'type': 'object', 'properties': {'a': {'type': 'integer'}}, 'required': ['a'], 'additionalProperties': False}}
ask = {'model': 'm', 'max_tokens': 8, 'extra_body': {'temperature': 0}, 'messages': HELLO}   # this version has no such argument


@check
def message():
    answer = client.messages.create(**ask)
    assert answer.content[0].text and answer.stop_reason == 'max_tokens' and answer.usage.output_tokens == 8, answer


@check
def stream():
    whole = client.messages.create(**ask).content[0].text
    with client.messages.stream(**ask) as events:
        text = ''.join(events.text_stream)
        final = events.get_final_message()
    assert text == whole == final.content[0].text, (text, whole)
    assert final.usage.output_tokens == 8 and final.stop_reason == 'max_tokens', final


@check
def count_tokens():
    said = {'model': 'm', 'messages': HELLO, 'system': 'Be brief.'}
    count = client.messages.count_tokens(**said).input_tokens
    assert count == client.messages.create(**said, max_tokens=1).usage.input_tokens


@check
def stop_sequence():
    text = client.messages.create(**(ask | {'max_tokens': 40})).content[0].text
    word = text.split()[3]
    answer = client.messages.create(**(ask | {'max_tokens': 40}), stop_sequences=[word])
    assert answer.stop_reason == 'stop_sequence' and answer.stop_sequence == word, answer


@check
def prefill():
    answer = client.messages.create(**(ask | {'messages': HELLO + [{'role': 'assistant', 'content': 'there was'}]}))
    assert answer.content[0].text, answer


@check
def tool_results():
    answer = client.messages.create(**(ask | {'tools': [ADD], 'messages': HELLO + [
        {'role': 'assistant', 'content': [{'type': 'tool_use', 'id': 'toolu_1', 'name': 'add', 'input': {'a': 1}}]},
        {'role': 'user', 'content': [{'type': 'tool_result', 'tool_use_id': 'toolu_1', 'content': '2'}]}]}))
    assert answer.content, answer


@check
def forced_tool():
    answer = client.messages.create(**(ask | {'max_tokens': 200}), tools=[ADD], tool_choice={'type': 'tool', 'name': 'add'})
    assert answer.stop_reason == 'tool_use' and isinstance(answer.content[-1].input['a'], int), answer


@check
def parse():
    class Age(BaseModel):
        years: int
        wise: bool

    said = {'model': 'm', 'max_tokens': 120, 'messages': HELLO, 'output_format': Age}
    answer = client.messages.parse(**said)
    assert isinstance(answer.parsed_output, Age), answer
    with client.messages.stream(**said) as events: final = events.get_final_message()
    assert isinstance(final.parsed_output, Age), final


@check
def models():
    listed = [model.id for model in client.models.list()]
    assert 'm' in listed and client.models.retrieve('m').type == 'model', listed


@check
def errors():
    for kind, change in ((anthropic.NotFoundError, {'model': 'nobody'}), (anthropic.BadRequestError, {'messages': []})):
        try: client.messages.create(**(ask | change))
        except kind: continue
        raise AssertionError(f'no {kind.__name__}')
    try: anthropic.Anthropic(base_url=os.environ['PANO_URL'], api_key='wrong', max_retries=0).messages.create(**ask)
    except anthropic.AuthenticationError as error: assert error.body['error']['type'] == 'authentication_error', error.body
    else: raise AssertionError('a wrong key was taken')


done()
