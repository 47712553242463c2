#!/usr/bin/env python3
"""Writes a tiny BERT of random weights with a tokenizer of its own, for tests that need an encoder which takes text:

  tiny_encoder.py embedder OUT    a sentence-transformers folder: mean of 32 numbers, normalised
  tiny_encoder.py ranker OUT      a cross-encoder: a sequence classifier with one label

The vocabulary is the printable ASCII characters, each at the start of a word and within one ("##x"). The same call always
writes the same bytes. Standard library only."""
import json, random, string, struct, sys
from pathlib import Path

SPECIAL = ['[PAD]', '[UNK]', '[CLS]', '[SEP]', '[MASK]']
LETTERS = [c for c in string.printable if c.isprintable() and not c.isspace()]
VOCABULARY = SPECIAL + LETTERS + ['##' + c for c in LETTERS]
HIDDEN, INNER, HEADS, LENGTH = 32, 48, 2, 128


def weights(ranker):
    """Names to (shape, numbers): embeddings, one layer, and of a ranker its pooler and head."""
    draw = random.Random(20260 + ranker)
    tensors = {}

    def matrix(name, *shape):
        count = shape[0] * shape[1]
        tensors[name + '.weight'] = (shape, [draw.gauss(0, 0.3) for _ in range(count)])

    def linear(name, out, width):
        matrix(name, out, width)
        tensors[name + '.bias'] = ((out,), [draw.gauss(0, 0.1) for _ in range(out)])

    def norm(name):
        tensors[name + '.weight'] = ((HIDDEN,), [1.0] * HIDDEN)
        tensors[name + '.bias'] = ((HIDDEN,), [0.0] * HIDDEN)

    prefix = 'bert.' if ranker else ''
    for table, rows in (('word', len(VOCABULARY)), ('position', LENGTH), ('token_type', 2)):
        matrix(f'{prefix}embeddings.{table}_embeddings', rows, HIDDEN)
    norm(f'{prefix}embeddings.LayerNorm')
    layer = f'{prefix}encoder.layer.0'
    for part in ('query', 'key', 'value'): linear(f'{layer}.attention.self.{part}', HIDDEN, HIDDEN)
    linear(f'{layer}.attention.output.dense', HIDDEN, HIDDEN)
    norm(f'{layer}.attention.output.LayerNorm')
    linear(f'{layer}.intermediate.dense', INNER, HIDDEN)
    linear(f'{layer}.output.dense', HIDDEN, INNER)
    norm(f'{layer}.output.LayerNorm')
    if ranker:
        linear('bert.pooler.dense', HIDDEN, HIDDEN)
        linear('classifier', 1, HIDDEN)
    return tensors


def write_safetensors(path, tensors):
    header, data = {}, b''
    for name, (shape, numbers) in tensors.items():
        raw = struct.pack(f'<{len(numbers)}f', *numbers)
        header[name] = {'dtype': 'F32', 'shape': list(shape), 'data_offsets': [len(data), len(data) + len(raw)]}
        data += raw
    text = json.dumps(header).encode()
    text += b' ' * (-len(text) % 8)
    path.write_bytes(struct.pack('<Q', len(text)) + text + data)


def tokenizer():
    def special(name, type_id=0): return {'SpecialToken': {'id': name, 'type_id': type_id}}
    def text(name, type_id=0): return {'Sequence': {'id': name, 'type_id': type_id}}
    added = [{'id': i, 'content': name, 'single_word': False, 'lstrip': False, 'rstrip': False, 'normalized': False,
              'special': True} for i, name in enumerate(SPECIAL)]
    return {
        'version': '1.0', 'truncation': None, 'padding': None, 'added_tokens': added, 'normalizer': None,
        'pre_tokenizer': {'type': 'BertPreTokenizer'},
        'post_processor': {
            'type': 'TemplateProcessing',
            'single': [special('[CLS]'), text('A'), special('[SEP]')],
            'pair': [special('[CLS]'), text('A'), special('[SEP]'), text('B', 1), special('[SEP]', 1)],
            'special_tokens': {name: {'id': name, 'ids': [VOCABULARY.index(name)], 'tokens': [name]}
                               for name in ('[CLS]', '[SEP]')}},
        'decoder': {'type': 'WordPiece', 'prefix': '##', 'cleanup': True},
        'model': {'type': 'WordPiece', 'unk_token': '[UNK]', 'continuing_subword_prefix': '##',
                  'max_input_chars_per_word': 100, 'vocab': {name: i for i, name in enumerate(VOCABULARY)}}}


def make(kind, out):
    ranker = kind == 'ranker'
    out = Path(out)
    out.mkdir(parents=True, exist_ok=True)

    def write(name, value):
        (out / name).parent.mkdir(exist_ok=True)
        (out / name).write_text(json.dumps(value, indent=1))

    write_safetensors(out / 'model.safetensors', weights(ranker))
    config = {'architectures': ['BertForSequenceClassification' if ranker else 'BertModel'], 'model_type': 'bert',
              'vocab_size': len(VOCABULARY), 'hidden_size': HIDDEN, 'num_hidden_layers': 1, 'num_attention_heads': HEADS,
              'intermediate_size': INNER, 'hidden_act': 'gelu', 'max_position_embeddings': LENGTH, 'type_vocab_size': 2,
              'layer_norm_eps': 1e-12, 'pad_token_id': 0, 'torch_dtype': 'float32'}
    if ranker: config['id2label'] = {'0': 'relevant'}
    write('config.json', config)
    write('tokenizer.json', tokenizer())
    write('tokenizer_config.json', {'tokenizer_class': 'BertTokenizer', 'do_lower_case': False, 'model_max_length': LENGTH,
                                    'cls_token': '[CLS]', 'sep_token': '[SEP]', 'pad_token': '[PAD]',
                                    'unk_token': '[UNK]', 'mask_token': '[MASK]'})
    if ranker: return
    modules = (('', 'Transformer'), ('1_Pooling', 'Pooling'), ('2_Normalize', 'Normalize'))
    write('modules.json', [{'idx': i, 'name': str(i), 'path': path, 'type': f'sentence_transformers.models.{name}'}
                           for i, (path, name) in enumerate(modules)])
    write('1_Pooling/config.json', {'word_embedding_dimension': HIDDEN, 'pooling_mode_mean_tokens': True})
    write('sentence_bert_config.json', {'max_seq_length': LENGTH, 'do_lower_case': False})


if __name__ == '__main__':
    if len(sys.argv) != 3 or sys.argv[1] not in ('embedder', 'ranker'): sys.exit(__doc__)
    make(*sys.argv[1:])
