#include "model/tokenizer/formats/listed_tokens.h"

#include <algorithm>
#include <optional>
#include <string_view>
#include <unordered_map>
#include <unordered_set>
#include <utility>

#include "base/env.h"
#include "base/path_exists.h"
#include "base/strings.h"
#include "model/tokenizer/text/field.h"

namespace pano::tokenizer {
namespace {

using json::Value;

constexpr size_t kFileBytesMax = 64ull << 20;
constexpr std::string_view kListed = "added_tokens_decoder";
constexpr std::string_view kSpecialNames[] = {"bos_token", "eos_token", "unk_token", "sep_token",
                                              "pad_token", "cls_token", "mask_token"};
constexpr std::string_view kSpecialLists[] = {"additional_special_tokens", "extra_special_tokens"};

// The object in a file; null where there is none.
Result<Value> ReadObject(const std::string& folder, std::string_view name) {
  const std::string path = JoinPath(folder, name);
  PANO_ASSIGN_OR_RETURN(const bool there, Exists(path));
  if (!there) return Value();
  PANO_ASSIGN_OR_RETURN(const std::string text, ReadFile(path, kFileBytesMax));
  PANO_ASSIGN_OR_RETURN(Value value, json::Parse(text, {.allow_nan = true}).Wrap(path));
  if (!value.is_object()) {
    return Corruption(StrCat(path, ": expected an object, found ", value.kind()));
  }
  return value;
}

// "<s>", or {"content": "<s>"}.
std::optional<std::string> TextOf(const Value* token) {
  if (token && token->is_object()) token = token->Find("content");
  if (!token || !token->is_string() || token->as_string().empty()) return std::nullopt;
  return token->as_string();
}

// The texts that a configuration names as special tokens.
std::vector<std::string> SpecialTexts(const Value& config) {
  std::vector<std::string> texts;
  auto add = [&](const Value* token) {
    if (auto text = TextOf(token)) texts.push_back(std::move(*text));
  };
  for (std::string_view name : kSpecialNames) add(config.Find(name));
  for (std::string_view name : kSpecialLists) {
    const Value* list = config.Find(name);
    if (list && list->is_array()) {
      for (const Value& token : list->as_array()) add(&token);
    } else if (list && list->is_object()) {
      for (const auto& [key, token] : list->as_object()) add(&token);
    }
  }
  return texts;
}

// added_tokens.json, text -> id, as "added_tokens_decoder".
Result<Value> FromAddedTokensFile(const Value& file, const Value& config) {
  const std::vector<std::string> texts = SpecialTexts(config);
  const std::unordered_set<std::string_view> specials(texts.begin(), texts.end());
  Value listed = json::Object();
  for (const auto& [text, id] : file.as_object()) {
    if (!id.is_int() || id.as_int() < 0 || id.as_int() > kTokenIdMax) {
      return Corruption(StrCat("'", Printable(text), "': expected an id, found ",
                               Printable(json::Dump(id))));
    }
    const bool special = specials.contains(text);
    listed.as_object().emplace_back(
        StrCat(id.as_int()),
        json::Object{{"content", text}, {"special", special}, {"normalized", !special}});
  }
  return listed;
}

// Calls `visit(text, id)` for every entry of "model.vocab": an object, or a list of pairs whose place
// is the id.
template <typename Visit>
void VisitVocabulary(const Value& tokenizer, Visit visit) {
  const Value* model = tokenizer.Find("model");
  const Value* vocab = model ? model->Find("vocab") : nullptr;
  if (vocab && vocab->is_object()) {
    for (const auto& [text, id] : vocab->as_object()) {
      if (id.is_int()) visit(std::string_view(text), id.as_int());
    }
  } else if (vocab && vocab->is_array()) {
    int64_t id = 0;
    for (const Value& entry : vocab->as_array()) {
      const bool pair = entry.is_array() && !entry.as_array().empty();
      if (pair && entry.as_array()[0].is_string()) {
        visit(std::string_view(entry.as_array()[0].as_string()), id);
      }
      ++id;
    }
  }
}

Value ToJson(const AddedToken& token) {
  return json::Object{{"id", int64_t{token.id}},         {"content", token.content},
                      {"single_word", token.single_word}, {"lstrip", token.lstrip},
                      {"rstrip", token.rstrip},           {"normalized", token.normalized},
                      {"special", token.special}};
}

// Where the texts of tokens stand in a vocabulary, and which ids are taken.
struct Places {
  std::unordered_map<std::string_view, int64_t> ids;  // of the wanted texts, those that are there
  std::unordered_set<int64_t> taken;                  // of the wanted ids
  int64_t next = 0;
};

Places FindPlaces(const Value& tokenizer, const std::vector<AddedToken>& wanted) {
  Places out;
  std::unordered_set<std::string_view> texts;
  std::unordered_set<int64_t> ids;
  for (const AddedToken& token : wanted) {
    texts.insert(token.content);
    ids.insert(token.id);
  }
  auto visit = [&](std::string_view text, int64_t id) {
    if (texts.contains(text)) out.ids.emplace(text, id);
    if (ids.contains(id)) out.taken.insert(id);
    out.next = std::max(out.next, id + 1);
  };
  VisitVocabulary(tokenizer, visit);
  if (const Value* added = tokenizer.Find("added_tokens"); added && added->is_array()) {
    for (const Value& token : added->as_array()) {
      const Value* content = token.Find("content");
      const Value* id = token.Find("id");
      if (content && content->is_string() && id && id->is_int()) {
        visit(content->as_string(), id->as_int());
      }
    }
  }
  return out;
}

}  // namespace

Result<Value> ReadTokenizerConfig(const std::string& folder) {
  PANO_ASSIGN_OR_RETURN(Value config, ReadObject(folder, "tokenizer_config.json"));
  PANO_ASSIGN_OR_RETURN(const Value map, ReadObject(folder, "special_tokens_map.json"));
  if (map.is_object()) {
    for (const auto& [name, token] : map.as_object()) {
      const Value* own = config.Find(name);
      if (!own || own->is_null()) config.Set(name, token);
    }
  }
  const Value* listed = config.Find(kListed);
  if (listed && listed->is_object()) return config;
  PANO_ASSIGN_OR_RETURN(const Value file, ReadObject(folder, "added_tokens.json"));
  if (!file.is_object()) return config;
  PANO_ASSIGN_OR_RETURN(
      Value added, FromAddedTokensFile(file, config).Wrap(JoinPath(folder, "added_tokens.json")));
  config.Set(kListed, std::move(added));
  return config;
}

Result<std::vector<AddedToken>> ListedTokens(const Value& config) {
  std::vector<AddedToken> tokens;
  const Value* listed = config.Find(kListed);
  if (!listed || listed->is_null()) return tokens;
  const Field field(*listed, StrCat("tokenizer_config.", kListed));
  PANO_RETURN_IF_ERROR(field.IsObject());
  for (const auto& [id, value] : listed->as_object()) {
    const Field member(value, StrCat(field.path(), ".", Printable(id)));
    PANO_RETURN_IF_ERROR(member.IsObject());
    const std::optional<int64_t> number = ParseInt(id);
    if (!number || *number < 0 || *number > kTokenIdMax) return member.Wrong("the key is no id");
    AddedToken token;
    token.id = static_cast<TokenId>(*number);
    PANO_ASSIGN_OR_RETURN(token.content, member.At("content").String());
    PANO_ASSIGN_OR_RETURN(token.special, member.BoolOr("special", false));
    PANO_ASSIGN_OR_RETURN(token.single_word, member.BoolOr("single_word", false));
    PANO_ASSIGN_OR_RETURN(token.lstrip, member.BoolOr("lstrip", false));
    PANO_ASSIGN_OR_RETURN(token.rstrip, member.BoolOr("rstrip", false));
    PANO_ASSIGN_OR_RETURN(token.normalized, member.BoolOr("normalized", !token.special));
    if (!token.content.empty()) tokens.push_back(std::move(token));
  }
  std::stable_sort(tokens.begin(), tokens.end(),
                   [](const AddedToken& a, const AddedToken& b) { return a.id < b.id; });
  return tokens;
}

std::optional<TokenId> NamedToken(const Value& config, std::string_view key,
                                  const Vocabulary& vocabulary) {
  const std::optional<std::string> text = TextOf(config.Find(key));
  return text ? vocabulary.Find(*text) : std::nullopt;
}

Status AddListedTokens(const Value& config, Value& tokenizer) {
  PANO_ASSIGN_OR_RETURN(std::vector<AddedToken> tokens, ListedTokens(config));
  const size_t listed = tokens.size();
  for (std::string& text : SpecialTexts(config)) {
    tokens.push_back({.id = -1, .content = std::move(text), .special = true});
  }
  if (tokens.empty() || !tokenizer.is_object()) return {};
  std::unordered_set<std::string> known;
  const Value* added = tokenizer.Find("added_tokens");
  if (added && !added->is_null() && !added->is_array()) return {};  // refused by who reads it
  Value all = added && added->is_array() ? *added : Value(json::Array());
  for (const Value& token : all.as_array()) {
    if (auto content = TextOf(&token)) known.insert(std::move(*content));
  }
  Places places = FindPlaces(tokenizer, tokens);
  for (size_t i = 0; i < tokens.size(); ++i) {
    AddedToken& token = tokens[i];
    if (!known.insert(token.content).second) continue;
    if (const auto found = places.ids.find(token.content); found != places.ids.end()) {
      if (found->second < 0 || found->second > kTokenIdMax) continue;  // likewise
      token.id = static_cast<TokenId>(found->second);
    } else if (i >= listed) {
      continue;  // the model has no row for it
    } else if (!places.taken.insert(token.id).second) {
      if (places.next > kTokenIdMax) {
        return Corruption(StrCat("'", Printable(token.content), "': no id is left for it"));
      }
      token.id = static_cast<TokenId>(places.next);
    }
    places.next = std::max(places.next, int64_t{token.id} + 1);
    all.Append(ToJson(token));
  }
  tokenizer.Set("added_tokens", std::move(all));
  return {};
}

}  // namespace pano::tokenizer
