// The first byte picks a format; any line is a row that a model can take, or a failure that says why not.
#include <cstddef>
#include <cstdint>
#include <iterator>
#include <string_view>

#include "base/check.h"
#include "model/tokenizer/formats/load.h"
#include "model/train/data/text_rows.h"

namespace {

using namespace pano;
using namespace pano::train;

constexpr std::string_view kTokenizer =
    R"({"added_tokens":[{"id":0,"content":"<s>","single_word":false,"lstrip":false,"rstrip":false,"normalized":false,"special":true}],)"
    R"("pre_tokenizer":{"type":"Metaspace","replacement":"\u2581","prepend_scheme":"always","split":true},)"
    R"("decoder":{"type":"Metaspace","replacement":"\u2581","prepend_scheme":"always","split":true},)"
    R"("model":{"type":"Unigram","unk_id":0,"vocab":[["<s>",0.0],["\u2581",-1.0],["a",-2.0],["b",-2.5],["ab",-3.0]]}})";

TextRowOptions Options() {
  TextRowOptions options;
  options.tokenizer = tokenizer::TokenizerFromJson(kTokenizer, nullptr).value();
  options.chat = jinja::ChatTemplate::Parse(
      "{% for m in messages %}<s>{{ m.role }}:{{ m.content }}<s>{% endfor %}{% if add_generation_prompt %}<s>assistant:{% endif %}").value();
  options.labels = {"x", "y"};
  options.limits = {.vocab_size = 5, .length_max = 16, .token_types = 2, .label_count = 2};
  return options;
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  static const TextRowOptions options = Options();
  if (size == 0) return 0;
  struct Kind {
    Task task;
    DataFormat format;
  };
  constexpr Kind kKinds[] = {{Task::kChat, DataFormat::kChat},
                             {Task::kPreference, DataFormat::kPreference},
                             {Task::kSequenceClassification, DataFormat::kLabelled},
                             {Task::kTokenClassification, DataFormat::kLabelled},
                             {Task::kEmbedding, DataFormat::kPairs}};
  const Kind kind = kKinds[data[0] % std::size(kKinds)];
  Recipe recipe;
  recipe.task = kind.task;
  recipe.data.format = kind.format;
  recipe.data.length = 12;
  const auto row = ParseTextLine({reinterpret_cast<const char*>(data) + 1, size - 1}, recipe, options);
  if (!row.ok()) {
    PANO_CHECK(!row.error().message().empty());
    return 0;
  }
  for (const Sequence& s : row->sequences) {
    PANO_CHECK(!s.input_ids.empty() && s.input_ids.size() <= 16);
    for (int32_t id : s.input_ids) PANO_CHECK(id >= 0 && id < 5);
  }
  return 0;
}
