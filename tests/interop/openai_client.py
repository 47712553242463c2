"""OpenAI's Python client against a server of ours: answers, streams, errors, cancellation."""
import asyncio
import time

import openai

client = openai.OpenAI(max_retries=0)
hello = [{"role": "user", "content": "Once upon a time"}]


def check_models():
    models = client.models.list()
    assert [m.id for m in models.data] == ["m"], models
    model = client.models.retrieve("m")
    assert model.object == "model" and model.context_length > 0, model


def check_chat():
    answer = client.chat.completions.create(
        model="m", messages=hello, max_completion_tokens=8, temperature=0, logprobs=True,
        top_logprobs=3, n=2, seed=1)
    assert answer.object == "chat.completion" and answer.id.startswith("chatcmpl-"), answer
    assert len(answer.choices) == 2 and answer.choices[1].index == 1
    choice = answer.choices[0]
    assert choice.message.role == "assistant" and choice.message.content
    assert choice.finish_reason in ("length", "stop")
    assert len(choice.logprobs.content) == answer.usage.completion_tokens // 2
    assert len(choice.logprobs.content[0].top_logprobs) == 3
    assert choice.logprobs.content[0].logprob <= 0
    assert answer.usage.total_tokens == answer.usage.prompt_tokens + answer.usage.completion_tokens


def check_chat_stream():
    plain = client.chat.completions.create(model="m", messages=hello, max_tokens=12, temperature=0)
    chunks = list(client.chat.completions.create(
        model="m", messages=hello, max_tokens=12, temperature=0, stream=True,
        stream_options={"include_usage": True}))
    assert chunks[0].choices[0].delta.role == "assistant"
    text = "".join(c.choices[0].delta.content or "" for c in chunks if c.choices)
    assert text == plain.choices[0].message.content, (text, plain)
    assert chunks[-1].choices == [] and chunks[-1].usage.completion_tokens == plain.usage.completion_tokens
    assert chunks[-2].choices[0].finish_reason == plain.choices[0].finish_reason
    with client.chat.completions.stream(model="m", messages=hello, max_tokens=12, temperature=0) as stream:
        deltas = [event.delta for event in stream if event.type == "content.delta"]
    assert "".join(deltas) == text, deltas


def check_completions():
    answer = client.completions.create(
        model="m", prompt=["Once", "There was"], max_tokens=5, temperature=0, logprobs=2, echo=True,
        n=1, stop=["\n\n\n"])
    assert answer.object == "text_completion" and len(answer.choices) == 2
    assert answer.choices[0].text.startswith("Once") and answer.choices[1].text.startswith("There was")
    logprobs = answer.choices[0].logprobs
    assert logprobs.token_logprobs[0] is None
    assert len(logprobs.tokens) == len(logprobs.token_logprobs) == len(logprobs.top_logprobs) == len(
        logprobs.text_offset)
    pieces = [c.choices[0].text for c in client.completions.create(
        model="m", prompt="Once", max_tokens=5, temperature=0, stream=True) if c.choices]
    assert "".join(pieces) == answer.choices[0].text[len("Once"):], pieces
    ids = client.completions.create(model="m", prompt=[[1, 2, 3]], max_tokens=1)
    assert ids.usage.prompt_tokens == 3


def expect(error, call):
    try:
        call()
    except error as e:
        return e
    raise AssertionError(f"{error.__name__} did not come")


def check_errors():
    e = expect(openai.NotFoundError, lambda: client.chat.completions.create(model="nope", messages=hello))
    assert e.code == "model_not_found" and e.param == "model" and e.status_code == 404, e.body
    e = expect(openai.BadRequestError,
               lambda: client.chat.completions.create(model="m", messages=hello, temperature=9))
    assert e.param == "temperature" and e.type == "invalid_request_error", e.body
    e = expect(openai.BadRequestError,
               lambda: client.completions.create(model="m", prompt="once upon a time " * 3000))
    assert e.code == "context_length_exceeded", e.body
    assert "maximum context length is" in str(e), e.body
    # max_tokens is a ceiling: what does not fit is answered up to the end of the context.
    answer = client.completions.create(model="m", prompt="a", max_tokens=1 << 20,
                                       extra_body={"ignore_eos": True})
    assert answer.choices[0].finish_reason == "length", answer
    e = expect(openai.AuthenticationError,
               lambda: openai.OpenAI(api_key="wrong", max_retries=0).models.list())
    assert e.code == "invalid_api_key", e.body
    assert e.request_id


def check_cancel():
    """A client that leaves frees its place: with room for 4, 20 of them could not else run."""
    for _ in range(20):
        stream = client.completions.create(
            model="m", prompt="Once", max_tokens=400, stream=True, extra_body={"ignore_eos": True})
        next(iter(stream))
        stream.close()
    deadline = time.time() + 10
    while time.time() < deadline:
        try:
            client.completions.create(model="m", prompt="Once", max_tokens=1)
            return
        except openai.RateLimitError:
            time.sleep(0.05)
    raise AssertionError("cancelled requests still hold their places")


def check_overload():
    """More than run and wait at once: some are answered 429 at once, with a time to come back."""

    async def crowd():
        many = openai.AsyncOpenAI(max_retries=0)
        calls = [many.completions.create(model="m", prompt="Once", max_tokens=300,
                                         extra_body={"ignore_eos": True}) for _ in range(40)]
        return await asyncio.gather(*calls, return_exceptions=True)

    results = asyncio.run(crowd())
    refused = [r for r in results if isinstance(r, openai.RateLimitError)]
    assert refused and int(refused[0].response.headers["retry-after"]) >= 1, results
    assert all(isinstance(r, openai.RateLimitError) or r.choices for r in results), results


for check in (check_models, check_chat, check_chat_stream, check_completions, check_errors, check_cancel,
              check_overload):
    check()
    print(f"python openai {openai.__version__}: {check.__name__} ok")
