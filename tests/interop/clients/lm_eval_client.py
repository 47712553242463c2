"""The evaluation harness over /v1/completions: log-likelihoods in text and in ids mode, and generation."""
import os

from checks import check, done

os.environ.setdefault('OPENAI_API_KEY', 'x')



def model(**more):
    from lm_eval.models.openai_completions import LocalCompletionsAPI
    return LocalCompletionsAPI(base_url=os.environ['OPENAI_BASE_URL'] + '/completions', model='m', max_length=512, num_concurrent=1,
                               max_retries=1, max_gen_toks=8, **more)


class Instance:
    def __init__(self, *args): self.args, self.arguments = args, args


PAIRS = [('Once upon a', ' time'), ('Lily saw a', ' big cat')]


def tokenizer():
    from pathlib import Path
    return str(Path(__file__).resolve().parents[3] / 'models/starter')


@check
def ids_mode():
    lm = model(tokenizer=tokenizer(), tokenized_requests=True, tokenizer_backend='huggingface')
    answers = lm.loglikelihood([Instance(*pair) for pair in PAIRS])
    assert all(score < 0 for score, _ in answers), answers
    assert answers[0][1], answers   # "Once upon a time" is what the model would have said


@check
def text_mode():
    # The harness counts a text's tokens without the begin token that the server's tokenizer puts before it, so that its sums
    # begin a token early: the figures of both modes are not compared.
    lm = model(tokenizer=tokenizer(), tokenized_requests=False, tokenizer_backend='huggingface')
    answers = lm.loglikelihood([Instance(*pair) for pair in PAIRS])
    assert all(score < 0 for score, _ in answers), answers


@check
def generate():
    lm = model(tokenizer=tokenizer(), tokenized_requests=False, tokenizer_backend='huggingface')
    assert lm.generate_until([Instance('Once upon a time', {'until': ['\n\n\n'], 'max_gen_toks': 8})])[0]


done()
