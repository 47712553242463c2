"""Ollama's own client."""
import os

import ollama

from checks import check, done

client = ollama.Client(host=os.environ['PANO_URL'], headers={'Authorization': 'Bearer interop-key'})
HELLO = [{'role': 'user', 'content': 'Once upon a time'}]
OPTIONS = {'num_predict': 8, 'temperature': 0}


@check
def chat():
    answer = client.chat('m', HELLO, options=OPTIONS)
    assert answer.message.content and answer.done_reason == 'length' and answer.eval_count == 8, answer
    assert answer.total_duration > 0 and answer.prompt_eval_count > 0, answer


@check
def stream():
    whole = client.chat('m:latest', HELLO, options=OPTIONS).message.content
    lines = list(client.chat('m', HELLO, options=OPTIONS, stream=True))
    assert ''.join(line.message.content for line in lines) == whole and lines[-1].done, lines


@check
def generate():
    first = client.generate('m', 'Once upon a time', options=OPTIONS)
    assert first.response and first.context, first
    assert client.generate('m', ' and', context=first.context, options=OPTIONS).prompt_eval_count > len(first.context)
    assert client.generate('m', 'Once', raw=True, options=OPTIONS).response


@check
def loads():
    assert client.generate('m').done_reason == 'load'


@check
def json_format():
    import json
    answer = client.chat('m', HELLO, format={'type': 'object', 'properties': {'a': {'enum': [1, 2]}}, 'required': ['a'],
                                            'additionalProperties': False}, options={'num_predict': 60})
    assert json.loads(answer.message.content)['a'] in (1, 2), answer


@check
def embed():
    answer = client.embed('enc', ['Hello world', 'x'])
    assert len(answer.embeddings) == 2 and abs(sum(x * x for x in answer.embeddings[0]) - 1) < 1e-5, answer


@check
def models():
    listed = [model.model for model in client.list().models]
    assert 'm:latest' in listed, listed
    assert client.show('m').capabilities == ['completion'] or 'completion' in client.show('m').capabilities
    assert any(model.model == 'm:latest' for model in client.ps().models)


@check
def errors():
    for status, call in ((404, lambda: client.chat('nobody', HELLO)), (501, lambda: client.pull('m')),
                         (400, lambda: client.chat('m', HELLO, options={'mirostat': 1}))):
        try: call()
        except ollama.ResponseError as error: assert error.status_code == status, error
        else: raise AssertionError(f'no {status}')


done()
