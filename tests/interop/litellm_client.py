"""LiteLLM against a server of ours: answers, streams, and the fallback when a context overflows."""
import os

os.environ["LITELLM_LOCAL_MODEL_COST_MAP"] = "True"  # nothing is fetched
import litellm

litellm.suppress_debug_info = True
ask = {"model": "openai/m", "api_base": os.environ["OPENAI_BASE_URL"],
       "api_key": os.environ["OPENAI_API_KEY"], "temperature": 0, "num_retries": 0}
hello = [{"role": "user", "content": "Once upon a time"}]
# More than any context of a small model.
long = [{"role": "user", "content": "once upon a time " * 3000}]


def check_chat():
    answer = litellm.completion(messages=hello, max_tokens=5, **ask)
    assert answer.choices[0].message.content and answer.usage.completion_tokens == 5, answer


def check_stream():
    chunks = list(litellm.completion(messages=hello, max_tokens=5, stream=True,
                                     stream_options={"include_usage": True}, **ask))
    text = "".join(c.choices[0].delta.content or "" for c in chunks if c.choices)
    assert text == litellm.completion(messages=hello, max_tokens=5, **ask).choices[0].message.content
    assert chunks[-1].usage.completion_tokens == 5, chunks[-1]


def check_overflow_is_told_apart():
    try:
        litellm.completion(messages=long, **ask)
    except litellm.ContextWindowExceededError as error:
        assert "maximum context length is" in str(error), error
    else:
        raise AssertionError("a prompt of 12,000 tokens was answered")


def check_fallback():
    # The router falls back to another deployment for this kind of error only.
    params = {k: v for k, v in ask.items() if k != "num_retries"}
    router = litellm.Router(
        model_list=[{"model_name": name, "litellm_params": params} for name in ("short", "long")],
        context_window_fallbacks=[{"short": ["long"]}], num_retries=0)
    try:
        router.completion(model="short", messages=long)
    except litellm.ContextWindowExceededError as error:  # the second one is as short
        assert "long" in str(error), error
    else:
        raise AssertionError("a prompt of 12,000 tokens was answered")
    assert router.completion(model="short", messages=hello, max_tokens=2).choices[0].message.content


def check_unknown_model():
    try:
        litellm.completion(messages=hello, **(ask | {"model": "openai/nobody"}))
    except litellm.NotFoundError:
        return
    raise AssertionError("an unknown model answered")


for name, check in list(globals().items()):
    if name.startswith("check_"):
        check()
print("LiteLLM: passed")
