#include "app/api/ollama/options.h"

#include <array>
#include <string>
#include <utility>

#include "app/api/failure.h"
#include "app/api/fields.h"
#include "base/strings.h"

namespace pano::api::ollama {
namespace {

using json::Value;
using P = Parameters;

constexpr auto kSampling = std::to_array<Field>({
    {"num_predict", FieldType::kInteger, -2, kTokensMax, 0, false,
     "Tokens to generate at most; 0, -1 and -2: what is left of the context.",
     [](P& p, const Value& v) {
       if (IntOf(v) > 0) p.max_tokens = IntOf(v);
     }},
    {"repeat_penalty", FieldType::kNumber, 0.01, 10, 0, false,
     "Divides (or multiplies) the logits of tokens seen in prompt or output.",
     [](P& p, const Value& v) { p.repetition_penalty = v.as_double(); }},
    {"repeat_last_n", FieldType::kInteger, -1, kTokenIdMax, 0, false,
     "-1: that penalty looks at all of them; 0: there is none. Other windows are refused.", nullptr},
    {"num_ctx", FieldType::kInteger, 0, kTokenIdMax, 0, false,
     "Tokens of prompt and answer together at most, within the model's context.", nullptr},
    {"mirostat", FieldType::kInteger, 0, 2, 0, false, "Refused unless 0.", nullptr},
    {"tfs_z", FieldType::kNumber, 0, 100, 0, false, "Refused unless 1.", nullptr},
    {"penalize_newline", FieldType::kBool, 0, 0, 0, false, "Refused where false, with a penalty.", nullptr},
});

// Of the fields that other dialects have, too, those that Ollama calls by the same names.
bool IsShared(std::string_view name) {
  for (std::string_view shared : {"temperature", "top_k", "top_p", "min_p", "typical_p", "seed", "stop",
                                  "presence_penalty", "frequency_penalty"}) {
    if (name == shared) return true;
  }
  return false;
}

// What does not change the answer: where the model lies, how many threads work; what Ollama keeps of a prompt that
// it cuts, which is not done here; what is only looked at with mirostat.
constexpr std::string_view kWithoutEffect[] = {"num_keep", "num_batch", "num_gpu", "main_gpu", "low_vram", "use_mmap",
                                               "use_mlock", "num_thread", "numa", "f16_kv", "mirostat_tau", "mirostat_eta"};

std::vector<Field> AllFields() {
  std::vector<Field> fields(kSampling.begin(), kSampling.end());
  for (const Field& field : SamplingFields()) {
    if (IsShared(field.name)) fields.push_back(field);
  }
  for (std::string_view name : kWithoutEffect) {
    fields.push_back({name, FieldType::kAny, 0, 0, 0, false, "Without effect here.", nullptr});
  }
  return fields;
}

double NumberOr(const Value& options, std::string_view name, double otherwise) {
  const Value* value = options.Find(name);
  return value && value->is_number() ? value->as_double() : otherwise;
}

Status Refused(std::string_view name, std::string_view why) {
  return BadField(StrCat("options.", name), StrCat("options.", name, " ", why));
}

Status RefuseWhatIsNotDone(const Value& options, Parameters& parameters) {
  if (NumberOr(options, "mirostat", 0) != 0) return Refused("mirostat", "is not supported here");
  if (NumberOr(options, "tfs_z", 1) != 1) return Refused("tfs_z", "is not supported here");
  const double window = NumberOr(options, "repeat_last_n", -1);
  if (window == 0) parameters.repetition_penalty = 1;
  if (parameters.repetition_penalty.value_or(1) == 1) return {};
  if (window != -1) {
    return Refused("repeat_last_n", "has to be -1 or 0: the penalty looks at all of prompt and answer");
  }
  const Value* newline = options.Find("penalize_newline");
  if (newline && newline->is_bool() && !newline->as_bool()) {
    return Refused("penalize_newline", "is not supported here where it is false");
  }
  return {};
}

}  // namespace

const BodySchema& OptionsBody() {
  static const BodySchema body{AllFields(), /*closed=*/true};
  return body;
}

Status ReadOptions(const Value& options, Parameters& parameters, std::optional<int64_t>& context) {
  if (Status read = ReadFields(options, OptionsBody(), parameters); !read.ok()) {
    return BadField(StrCat("options.", read.field()), StrCat("options: ", read.message()));
  }
  if (const auto asked = static_cast<int64_t>(NumberOr(options, "num_ctx", 0)); asked > 0) context = asked;
  return RefuseWhatIsNotDone(options, parameters);
}

}  // namespace pano::api::ollama
