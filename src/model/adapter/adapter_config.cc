#include "model/adapter/adapter_config.h"

#include <algorithm>
#include <cmath>
#include <span>
#include <utility>

#include "base/closest_name.h"
#include "base/json.h"
#include "base/strings.h"

namespace pano::adapter {
namespace {

constexpr size_t kConfigBytesMax = 16u << 20;
// More than any model has modules, and few enough to compare with each of them.
constexpr size_t kNamesMax = 1 << 16;
constexpr size_t kNameBytesMax = 8 << 10;
constexpr size_t kIndicesMax = 1 << 20;
constexpr size_t kSavedModulesMax = 256;
constexpr int64_t kTokenIdMax = int64_t{1} << 31;

// What a key may be besides absent where the option is not done: it then changes nothing.
bool IsHarmless(const json::Value& value) {
  return value.is_null() || (value.is_bool() && !value.as_bool()) ||
         (value.is_string() && value.as_string().empty()) ||
         (value.is_array() && value.as_array().empty()) ||
         (value.is_object() && value.as_object().empty());
}

Status WrongKind(std::string_view key, std::string_view wanted, const json::Value& value) {
  return Corruption(StrCat(key, ": expected ", wanted, ", found ", value.kind()));
}

Result<bool> ReadBool(std::string_view key, const json::Value& value) {
  if (value.is_null()) return false;
  if (!value.is_bool()) return WrongKind(key, "true or false", value);
  return value.as_bool();
}

Result<std::string> ReadText(std::string_view key, const json::Value& value) {
  if (value.is_null()) return std::string();
  if (!value.is_string()) return WrongKind(key, "a string", value);
  return value.as_string();
}

Result<double> ReadNumber(std::string_view key, const json::Value& value, double min, double max) {
  if (!value.is_number()) return WrongKind(key, "a number", value);
  const double number = value.as_double();
  if (!(number >= min && number <= max)) {
    return Corruption(StrCat(key, ": ", number, " is not between ", min, " and ", max));
  }
  return number;
}

Result<int64_t> ReadRank(std::string_view key, const json::Value& value) {
  const bool whole = value.is_int() || (value.is_double() && std::trunc(value.as_double()) ==
                                                                 value.as_double());
  if (!whole) return WrongKind(key, "an integer", value);
  PANO_ASSIGN_OR_RETURN(const double rank,
                        ReadNumber(key, value, 1, static_cast<double>(kRankMax)));
  return static_cast<int64_t>(rank);
}

// A string, or a list of strings; null: none.
Result<std::vector<std::string>> ReadStrings(std::string_view key, const json::Value& value) {
  std::vector<std::string> out;
  if (value.is_null()) return out;
  if (value.is_string()) return std::vector<std::string>{value.as_string()};
  if (!value.is_array()) return WrongKind(key, "a list of strings", value);
  if (value.as_array().size() > kNamesMax) {
    return Corruption(StrCat(key, ": ", value.as_array().size(), " entries, at most ", kNamesMax));
  }
  for (const json::Value& item : value.as_array()) {
    if (!item.is_string()) return WrongKind(key, "a list of strings", item);
    if (item.as_string().empty() || item.as_string().size() > kNameBytesMax) {
      return Corruption(StrCat(key, ": an entry of ", item.as_string().size(), " bytes"));
    }
    out.push_back(item.as_string());
  }
  return out;
}

// A list of names, or one string that is a regular expression.
Result<ModuleNames> ReadModuleNames(std::string_view key, const json::Value& value) {
  ModuleNames out;
  if (value.is_string()) {
    if (value.as_string().size() > kNameBytesMax) {
      return Corruption(StrCat(key, ": a regular expression of ", value.as_string().size(),
                               " bytes, at most ", kNameBytesMax));
    }
    out.regex = value.as_string();
    return out;
  }
  PANO_ASSIGN_OR_RETURN(out.names, ReadStrings(key, value));
  return out;
}

Result<int64_t> ReadIndex(std::string_view key, const json::Value& value) {
  if (!value.is_int()) return WrongKind(key, "an integer", value);
  if (value.as_int() < 0 || value.as_int() > kTokenIdMax) {
    return Corruption(StrCat(key, ": ", value.as_int(), " is no index"));
  }
  return value.as_int();
}

Result<std::vector<int64_t>> ReadIndices(std::string_view key, const json::Value& value) {
  std::vector<int64_t> out;
  if (value.is_null()) return out;
  if (!value.is_array()) {
    PANO_ASSIGN_OR_RETURN(const int64_t index, ReadIndex(key, value));
    return std::vector<int64_t>{index};
  }
  if (value.as_array().size() > kIndicesMax) {
    return Corruption(
        StrCat(key, ": ", value.as_array().size(), " entries, at most ", kIndicesMax));
  }
  for (const json::Value& item : value.as_array()) {
    PANO_ASSIGN_OR_RETURN(const int64_t index, ReadIndex(key, item));
    out.push_back(index);
  }
  return out;
}

using ReadValue = Result<double> (*)(std::string_view key, const json::Value& value);

Result<double> RankValue(std::string_view key, const json::Value& value) {
  PANO_ASSIGN_OR_RETURN(const int64_t rank, ReadRank(key, value));
  return static_cast<double>(rank);
}
Result<double> AlphaValue(std::string_view key, const json::Value& value) {
  return ReadNumber(key, value, -1e9, 1e9);
}

Result<std::vector<NamePattern>> ReadPatterns(std::string_view key, const json::Value& value,
                                              ReadValue read) {
  std::vector<NamePattern> out;
  if (value.is_null()) return out;
  if (!value.is_object()) return WrongKind(key, "an object", value);
  if (value.as_object().size() > kNamesMax) {
    return Corruption(StrCat(key, ": ", value.as_object().size(), " entries, at most ", kNamesMax));
  }
  for (const auto& [pattern, entry] : value.as_object()) {
    if (pattern.size() > kNameBytesMax) {
      return Corruption(StrCat(key, ": a pattern of ", pattern.size(), " bytes"));
    }
    PANO_ASSIGN_OR_RETURN(const double number,
                          read(StrCat(key, ": '", Printable(pattern), "'"), entry));
    out.push_back({pattern, number});
  }
  return out;
}

Result<std::vector<TokenRows>> ReadTokenRows(std::string_view key, const json::Value& value) {
  std::vector<TokenRows> out;
  if (IsHarmless(value)) return out;
  if (value.is_array()) {
    out.emplace_back();
    PANO_ASSIGN_OR_RETURN(out.back().rows, ReadIndices(key, value));
    return out;
  }
  if (!value.is_object()) return WrongKind(key, "a list of token ids or an object of lists", value);
  if (value.as_object().size() > kSavedModulesMax) {
    return Corruption(StrCat(key, ": ", value.as_object().size(), " modules, at most ",
                             kSavedModulesMax));
  }
  for (const auto& [module, rows] : value.as_object()) {
    out.push_back({module, {}});
    PANO_ASSIGN_OR_RETURN(out.back().rows, ReadIndices(key, rows));
  }
  return out;
}

// Other initialisations than these change the base's weights too, so that the adapter means
// something only together with what it was trained on.
Status CheckInitialisation(std::string_view key, const json::Value& value) {
  if (value.is_null() || value.is_bool()) return {};
  if (!value.is_string()) return WrongKind(key, "true, false or a string", value);
  for (std::string_view known : {"", "gaussian", "eva", "orthogonal"}) {
    if (ToLower(value.as_string()) == known) return {};
  }
  return Unimplemented(StrCat(key, ": '", Printable(value.as_string()),
                              "' also changed the base's weights; save the adapter as plain LoRA "
                              "(PEFT: save_pretrained with path_initial_model_for_weight_"
                              "conversion)"));
}

// What a task adds to modules_to_save: its heads are trained whole.
std::span<const std::string_view> HeadsOf(std::string_view task) {
  static constexpr std::string_view kClassifiers[] = {"classifier", "score"};
  static constexpr std::string_view kAnswers[] = {"qa_outputs"};
  if (task == "SEQ_CLS" || task == "TOKEN_CLS") return kClassifiers;
  if (task == "QUESTION_ANS") return kAnswers;
  return {};
}

class Reader {
 public:
  explicit Reader(const json::Value& object) : object_(object) {}

  Result<AdapterConfig> Read() {
    PANO_RETURN_IF_ERROR(ReadKnown());
    PANO_RETURN_IF_ERROR(RefuseRest());
    PANO_RETURN_IF_ERROR(CheckTogether());
    for (std::string_view head : HeadsOf(c_.task_type)) {
      if (std::ranges::find(c_.modules_to_save, head) == c_.modules_to_save.end()) {
        c_.modules_to_save.emplace_back(head);
      }
    }
    return std::move(c_);
  }

 private:
  // Of a key that stands twice the last counts, as in Python.
  const json::Value* Take(std::string_view key) {
    known_.push_back(key);
    return object_.Find(key);
  }

  template <typename T, typename ReadFn, typename... More>
  Status Set(std::string_view key, T& out, ReadFn read, More... more) {
    const json::Value* value = Take(key);
    if (!value) return {};
    PANO_ASSIGN_OR_RETURN(out, read(key, *value, more...));
    return {};
  }

  Status ReadKnown() {
    std::string method = "LORA", bias = "none";
    PANO_RETURN_IF_ERROR(Set("peft_type", method, ReadText));
    if (method != "LORA" && !method.empty()) {
      return Unimplemented(StrCat("peft_type: '", Printable(method),
                                  "' is not supported; supported: LORA"));
    }
    PANO_RETURN_IF_ERROR(Set("r", c_.r, ReadRank));
    PANO_RETURN_IF_ERROR(Set("lora_alpha", c_.alpha, ReadNumber, -1e9, 1e9));
    PANO_RETURN_IF_ERROR(Set("lora_dropout", c_.dropout, ReadNumber, 0.0, 1.0));
    PANO_RETURN_IF_ERROR(Set("use_rslora", c_.rslora, ReadBool));
    PANO_RETURN_IF_ERROR(Set("use_dora", c_.dora, ReadBool));
    PANO_RETURN_IF_ERROR(Set("lora_bias", c_.lora_bias, ReadBool));
    PANO_RETURN_IF_ERROR(Set("fan_in_fan_out", c_.fan_in_fan_out, ReadBool));
    PANO_RETURN_IF_ERROR(Set("ensure_weight_tying", c_.ensure_weight_tying, ReadBool));
    PANO_RETURN_IF_ERROR(Set("bias", bias, ReadText));
    PANO_RETURN_IF_ERROR(SetBias(bias));
    PANO_RETURN_IF_ERROR(Set("target_modules", c_.targets, ReadModuleNames));
    PANO_RETURN_IF_ERROR(Set("exclude_modules", c_.exclude, ReadModuleNames));
    PANO_RETURN_IF_ERROR(Set("layers_to_transform", c_.layers_to_transform, ReadIndices));
    PANO_RETURN_IF_ERROR(Set("layers_pattern", c_.layers_pattern, ReadStrings));
    PANO_RETURN_IF_ERROR(Set("rank_pattern", c_.rank_pattern, ReadPatterns, RankValue));
    PANO_RETURN_IF_ERROR(Set("alpha_pattern", c_.alpha_pattern, ReadPatterns, AlphaValue));
    PANO_RETURN_IF_ERROR(Set("modules_to_save", c_.modules_to_save, ReadStrings));
    PANO_RETURN_IF_ERROR(Set("trainable_token_indices", c_.trainable_tokens, ReadTokenRows));
    PANO_RETURN_IF_ERROR(Set("task_type", c_.task_type, ReadText));
    PANO_RETURN_IF_ERROR(Set("base_model_name_or_path", c_.base_model, ReadText));
    if (const json::Value* init = Take("init_lora_weights")) {
      PANO_RETURN_IF_ERROR(CheckInitialisation("init_lora_weights", *init));
    }
    return CheckTask();
  }

  Status SetBias(std::string_view bias) {
    if (bias == "all") {
      c_.bias = BiasMode::kAll;
    } else if (bias == "lora_only") {
      c_.bias = BiasMode::kLoraOnly;
    } else if (bias != "none" && !bias.empty()) {
      return Corruption(StrCat("bias: '", Printable(bias), "' is none of none, all, lora_only"));
    }
    return {};
  }

  Status CheckTask() const {
    if (c_.task_type.empty()) return {};
    for (std::string_view known : {"CAUSAL_LM", "SEQ_CLS", "TOKEN_CLS", "QUESTION_ANS",
                                   "FEATURE_EXTRACTION", "SEQ_2_SEQ_LM"}) {
      if (c_.task_type == known) return {};
    }
    return Unimplemented(StrCat("task_type: '", Printable(c_.task_type), "' is not supported"));
  }

  // Every other key: some say nothing about what is computed, the rest must be at its default.
  Status RefuseRest() const {
    static constexpr std::string_view kSaysNothing[] = {"inference_mode", "auto_mapping",
                                                        "revision", "peft_version"};
    // How A and B began; see CheckInitialisation.
    static constexpr std::string_view kInitialisation[] = {"eva_config", "runtime_config"};
    for (const auto& [key, value] : object_.as_object()) {
      const auto is_key = [&key = key](std::string_view name) { return key == name; };
      if (std::ranges::any_of(known_, is_key) || std::ranges::any_of(kSaysNothing, is_key) ||
          std::ranges::any_of(kInitialisation, is_key) || IsHarmless(value) ||
          IsDefault(key, value)) {
        continue;
      }
      return Unimplemented(StrCat(Printable(key), ": ", Printable(json::Dump(value)),
                                  " is not supported", DidYouMean(key, known_)));
    }
    return {};
  }

  bool IsDefault(std::string_view key, const json::Value& value) const {
    if (key == "megatron_core") return value == json::Value("megatron.core");
    if (key == "qalora_group_size") return value.is_int();  // of use_qalora
    if (key == "merge_weights") return true;  // of the first versions, about a running model
    return false;
  }

  Status CheckTogether() const {
    if (c_.modules_to_save.size() > kSavedModulesMax) {
      return Corruption(StrCat("modules_to_save: ", c_.modules_to_save.size(),
                               " entries, at most ", kSavedModulesMax));
    }
    const bool targets = !c_.targets.empty();
    if (!targets && c_.modules_to_save.empty() && c_.trainable_tokens.empty()) {
      return Corruption("target_modules: names no module");
    }
    if (!c_.targets.regex.empty() && !c_.layers_to_transform.empty()) {
      return Corruption("layers_to_transform: cannot be used with target_modules as a string");
    }
    if (!c_.targets.regex.empty() && !c_.layers_pattern.empty()) {
      return Corruption("layers_pattern: cannot be used with target_modules as a string");
    }
    if (!c_.layers_pattern.empty() && c_.layers_to_transform.empty()) {
      return Corruption("layers_pattern: needs layers_to_transform");
    }
    if (c_.lora_bias && c_.dora) return Corruption("lora_bias: cannot be used with use_dora");
    return {};
  }

  const json::Value& object_;
  std::vector<std::string_view> known_;
  AdapterConfig c_;
};

json::Value NamesValue(const ModuleNames& names) {
  if (!names.regex.empty()) return names.regex;
  if (names.names.empty()) return json::Value();
  return json::Array(names.names.begin(), names.names.end());
}

json::Value NumberValue(double value) {
  if (std::trunc(value) == value && std::abs(value) < 1e15) return static_cast<int64_t>(value);
  return value;
}

json::Value PatternsValue(const std::vector<NamePattern>& patterns) {
  json::Object out;
  for (const NamePattern& pattern : patterns) {
    out.emplace_back(pattern.key, NumberValue(pattern.value));
  }
  return out;
}

json::Value StringsValue(const std::vector<std::string>& strings) {
  if (strings.empty()) return json::Value();
  return json::Array(strings.begin(), strings.end());
}

json::Value TokensValue(const std::vector<TokenRows>& tokens) {
  if (tokens.empty()) return json::Value();
  json::Object by_module;
  for (const TokenRows& rows : tokens) {
    json::Array ids(rows.rows.begin(), rows.rows.end());
    if (rows.module.empty()) return ids;
    by_module.emplace_back(rows.module, std::move(ids));
  }
  return by_module;
}

json::Value TextOrNull(const std::string& text) {
  return text.empty() ? json::Value() : json::Value(text);
}

}  // namespace

Result<AdapterConfig> ParseAdapterConfig(std::string_view text) {
  PANO_ASSIGN_OR_RETURN(const json::Value object, json::Parse(text, {.bytes_max = kConfigBytesMax}));
  if (!object.is_object()) return Corruption(StrCat("expected an object, found ", object.kind()));
  return Reader(object).Read();
}

Result<AdapterConfig> ReadAdapterConfig(const std::string& folder, Env& env) {
  const std::string path = JoinPath(folder, kConfigFile);
  const Result<FileInfo> info = env.Stat(path);
  if (!info.ok() && info.error().code() == StatusCode::kNotFound) {
    return NotFound(StrCat(path, ": no such file; an adapter is a folder as PEFT saves it"));
  }
  if (!info.ok()) return info.error().Wrap(StrCat(path, ": cannot look"));
  // A pipe would keep the reader waiting for whoever writes into it.
  if (info->kind != FileInfo::Kind::kFile) return InvalidArgument(StrCat(path, ": is no file"));
  PANO_ASSIGN_OR_RETURN(const std::string text, ReadFile(path, kConfigBytesMax, env));
  return ParseAdapterConfig(text).Wrap(path);
}

std::string AdapterConfigText(const AdapterConfig& c) {
  // Sorted by key, as PEFT writes it.
  json::Object out;
  const auto add = [&](const char* key, json::Value value) { out.emplace_back(key, std::move(value)); };
  add("alpha_pattern", PatternsValue(c.alpha_pattern));
  add("auto_mapping", json::Value());
  add("base_model_name_or_path", TextOrNull(c.base_model));
  add("bias", c.bias == BiasMode::kAll ? "all" : c.bias == BiasMode::kLoraOnly ? "lora_only" : "none");
  add("fan_in_fan_out", c.fan_in_fan_out);
  add("inference_mode", true);
  add("init_lora_weights", true);
  add("layers_pattern", StringsValue(c.layers_pattern));
  add("layers_to_transform",
      c.layers_to_transform.empty()
          ? json::Value()
          : json::Value(json::Array(c.layers_to_transform.begin(), c.layers_to_transform.end())));
  add("lora_alpha", NumberValue(c.alpha));
  add("lora_dropout", c.dropout);
  add("modules_to_save", StringsValue(c.modules_to_save));
  add("peft_type", "LORA");
  add("r", c.r);
  add("rank_pattern", PatternsValue(c.rank_pattern));
  add("revision", json::Value());
  add("target_modules", NamesValue(c.targets));
  add("task_type", TextOrNull(c.task_type));
  // Keys that older versions of PEFT do not know stand only where they say something.
  if (!c.exclude.empty()) add("exclude_modules", NamesValue(c.exclude));
  if (c.lora_bias) add("lora_bias", true);
  if (c.ensure_weight_tying) add("ensure_weight_tying", true);
  if (!c.trainable_tokens.empty()) add("trainable_token_indices", TokensValue(c.trainable_tokens));
  add("use_dora", c.dora);
  add("use_rslora", c.rslora);
  std::ranges::sort(out, {}, &json::Object::value_type::first);
  return json::Dump(std::move(out), {.indent = 2}) + "\n";
}

}  // namespace pano::adapter
