#include <algorithm>
#include <cstdio>
#include <iostream>
#include <iterator>
#include <limits>
#include <optional>

#include "base/env.h"
#include "base/json.h"
#include "base/strings.h"
#include "model/engine/token_stream.h"
#include "model/tokenizer/formats/load.h"
#include "model/tokenizer/tokenizer.h"
#include "pano/cli.h"
#include "pano/local_model.h"
#include "pano/model_path.h"

namespace pano::cli {
namespace {

using tokenizer::TokenId;
using tokenizer::Tokenizer;

struct TokenizeOptions {
  std::string model;
  std::optional<std::string> text;
  std::string pattern;      // of a .tiktoken file
  std::string special;      // a JSON file: token -> id
  bool decode = false, no_special = false, json = false, jsonl = false;
};

Result<TokenId> ToId(const json::Value& value) {
  if (!value.is_int() || value.as_int() < 0 || value.as_int() > std::numeric_limits<TokenId>::max()) {
    return InvalidArgument(StrCat("ids: ", json::Dump(value), " is no token id"));
  }
  return static_cast<TokenId>(value.as_int());
}

// "1,2 3" or "[1, 2, 3]".
Result<std::vector<TokenId>> ReadIds(std::string_view text) {
  std::vector<TokenId> ids;
  for (size_t begin = 0; begin < text.size();) {
    const size_t end = std::min(text.find_first_of(", \t\r\n[]", begin), text.size());
    if (end > begin) {
      const std::optional<int64_t> number = ParseInt(text.substr(begin, end - begin));
      if (!number) return InvalidArgument(StrCat("'", Printable(text.substr(begin, end - begin)), "' is no token id"));
      PANO_ASSIGN_OR_RETURN(const TokenId id, ToId(*number));
      ids.push_back(id);
    }
    begin = end + 1;
  }
  return ids;
}

Result<std::vector<TokenId>> ReadIds(const json::Value& list) {
  if (!list.is_array()) return InvalidArgument("ids: expected an array");
  std::vector<TokenId> ids;
  for (const json::Value& element : list.as_array()) {
    PANO_ASSIGN_OR_RETURN(const TokenId id, ToId(element));
    ids.push_back(id);
  }
  return ids;
}

json::Value IdsJson(const std::vector<TokenId>& ids) {
  json::Array list;
  for (TokenId id : ids) list.emplace_back(int64_t{id});
  return list;
}

Result<bool> Flag(const json::Value& request, std::string_view key, bool fallback) {
  const json::Value* given = request.Find(key);
  if (!given || given->is_null()) return fallback;
  if (!given->is_bool()) return InvalidArgument(StrCat(key, ": expected true or false"));
  return given->as_bool();
}

// What streaming gives after each id (null: nothing yet); the rest is what comes out at the end.
json::Value StreamJson(const Tokenizer& tokenizer, const std::vector<TokenId>& ids, bool skip_special) {
  const auto stream = tokenizer.Stream(skip_special);
  json::Array pieces;
  for (TokenId id : ids) {
    std::string piece = stream->Push(id);
    pieces.push_back(piece.empty() ? json::Value() : json::Value(std::move(piece)));
  }
  json::Value answer;
  answer.Set("pieces", std::move(pieces));
  answer.Set("rest", stream->Flush());
  return answer;
}

// {"text"} -> {"ids"}; {"text", "pair"} -> {"ids", "type_ids"}.
Result<json::Value> AnswerText(const Tokenizer& tokenizer, const TokenizeOptions& o, const json::Value& request,
                               const json::Value& text) {
  if (!text.is_string()) return InvalidArgument("text: expected a string");
  const json::Value* pair = request.Find("pair");
  if (pair && pair->is_null()) pair = nullptr;
  if (pair && !pair->is_string()) return InvalidArgument("pair: expected a string");
  tokenizer::EncodeOptions options;
  const bool add = tokenizer.adds_special_tokens_by_default() && !o.no_special;
  PANO_ASSIGN_OR_RETURN(options.add_special_tokens, Flag(request, "add_special_tokens", add));
  PANO_ASSIGN_OR_RETURN(options.parse_special,
                        Flag(request, "parse_special", tokenizer.parses_special_by_default()));
  json::Value answer;
  if (!pair) {
    PANO_ASSIGN_OR_RETURN(const std::vector<TokenId> ids, tokenizer.Encode(text.as_string(), options));
    answer.Set("ids", IdsJson(ids));
    return answer;
  }
  PANO_ASSIGN_OR_RETURN(const tokenizer::Encoding encoding,
                        tokenizer.EncodePair(text.as_string(), pair->as_string(), options));
  answer.Set("ids", IdsJson(encoding.ids));
  answer.Set("type_ids", IdsJson(encoding.type_ids));
  return answer;
}

// {"ids"} -> {"text"} or, with "stream", {"pieces"}.
Result<json::Value> AnswerIds(const Tokenizer& tokenizer, const json::Value& request, const json::Value& ids) {
  PANO_ASSIGN_OR_RETURN(const std::vector<TokenId> given, ReadIds(ids));
  PANO_ASSIGN_OR_RETURN(const bool skip, Flag(request, "skip_special_tokens", false));
  PANO_ASSIGN_OR_RETURN(std::string decoded, tokenizer.Decode(given, skip));
  PANO_ASSIGN_OR_RETURN(const bool stream, Flag(request, "stream", false));
  if (stream) return StreamJson(tokenizer, given, skip);
  json::Value answer;
  answer.Set("text", std::move(decoded));
  return answer;
}

// One line of --jsonl.
Result<json::Value> Answer(const Tokenizer& tokenizer, const TokenizeOptions& o, std::string_view line) {
  PANO_ASSIGN_OR_RETURN(const json::Value request, json::Parse(line));
  const json::Value* text = request.Find("text");
  const json::Value* ids = request.Find("ids");
  if ((text == nullptr) == (ids == nullptr)) {
    return InvalidArgument("expected an object with either \"text\" or \"ids\"");
  }
  return text ? AnswerText(tokenizer, o, request, *text) : AnswerIds(tokenizer, request, *ids);
}

// An answer for every line that is not blank; what is wrong with a line is its answer.
int AnswerLines(const Tokenizer& tokenizer, const TokenizeOptions& o) {
  std::string line;
  while (std::getline(std::cin, line)) {
    if (Trim(line).empty()) continue;
    Result<json::Value> answer = Answer(tokenizer, o, line);
    if (!answer.ok()) {
      json::Value error;
      error.Set("error", answer.error().message());
      answer = std::move(error);
    }
    std::printf("%s\n", json::Dump(*answer).c_str());
    std::fflush(stdout);
  }
  return 0;
}

int Encode(const Command& self, const Tokenizer& tokenizer, const TokenizeOptions& o,
           std::string_view text) {
  tokenizer::EncodeOptions options;
  options.add_special_tokens = tokenizer.adds_special_tokens_by_default() && !o.no_special;
  options.parse_special = tokenizer.parses_special_by_default();
  const Result<std::vector<TokenId>> ids = tokenizer.Encode(text, options);
  if (!ids.ok()) return Fail(self, ids.error());
  std::string out;
  if (o.json) {
    json::Value answer;
    answer.Set("ids", IdsJson(*ids));
    out = json::Dump(answer);
  } else {
    for (TokenId id : *ids) out += out.empty() ? StrCat(id) : StrCat(",", id);
  }
  std::printf("%s\n", out.c_str());
  return 0;
}

int Decode(const Command& self, const Tokenizer& tokenizer, const TokenizeOptions& o,
           std::string_view text) {
  const Result<std::vector<TokenId>> ids = ReadIds(text);
  if (!ids.ok()) return Fail(self, ids.error());
  const Result<std::string> decoded = tokenizer.Decode(*ids, /*skip_special=*/o.no_special);
  if (!decoded.ok()) return Fail(self, decoded.error());
  if (o.json) {
    json::Value answer;
    answer.Set("text", *decoded);
    std::printf("%s\n", json::Dump(answer).c_str());
    return 0;
  }
  std::fwrite(decoded->data(), 1, decoded->size(), stdout);
  if (StdoutIsTerminal() && !decoded->ends_with('\n')) std::printf("\n");
  return 0;
}

Result<tokenizer::TokenizerPtr> Load(const TokenizeOptions& o) {
  std::string path = o.model;
  if (path.empty()) {
    PANO_ASSIGN_OR_RETURN(path, FindStarterModel());
  }
  PANO_ASSIGN_OR_RETURN(path, ResolveModel(path));
  tokenizer::LoadOptions options;
  options.pattern = o.pattern;
  if (!o.special.empty()) {
    PANO_ASSIGN_OR_RETURN(const std::string text, ReadFile(o.special));
    PANO_ASSIGN_OR_RETURN(options.special, json::Parse(text, {.allow_nan = true}).Wrap(o.special));
  }
  return tokenizer::LoadTokenizer(path, options);
}

}  // namespace

int RunTokenize(const Command& self, Args args) {
  TokenizeOptions o;
  OptionSet options;
  options.String("model", &o.model,
                 "Model folder, tokenizer.json, .gguf, .model or .tiktoken file, or hf:ORG/NAME. Default: the starter model.",
                 "PATH");
  options.String("pattern", &o.pattern,
                 "How a .tiktoken file splits text: cl100k, o200k, qwen or a regex.", "NAME");
  options.String("special", &o.special,
                 "Special tokens of a .tiktoken file, a JSON object token -> id.", "FILE");
  options.MaybeString("text", &o.text,
                      "Text to encode, or ids to decode; '-' or none reads standard input.");
  options.Flag("decode", &o.decode, "Turn ids (separated by commas or spaces) into text.");
  options.Flag("no-special", &o.no_special,
               "Add no special tokens; with --decode, leave them out.");
  options.Flag("json", &o.json, "Print {\"ids\"} or {\"text\"}.");
  options.Flag("jsonl", &o.jsonl,
               "Read one request a line from stdin ({\"text\"} or {\"ids\"}), print one answer a line.");
  if (auto code = Parse(self, options, args)) return *code;
  if ((!o.pattern.empty() || !o.special.empty()) && !o.model.ends_with(".tiktoken")) {
    return FailUsage(self, "--pattern and --special belong to a .tiktoken file");
  }
  if (o.jsonl && (o.text || o.decode)) return FailUsage(self, "--jsonl reads its requests from stdin");
  const Result<tokenizer::TokenizerPtr> loaded = Load(o);
  if (!loaded.ok()) return Fail(self, loaded.error());
  if (o.jsonl) return AnswerLines(**loaded, o);
  std::string text;
  if (o.text && *o.text != "-") text = *o.text;
  else text.assign(std::istreambuf_iterator<char>(std::cin), {});
  return o.decode ? Decode(self, **loaded, o, text) : Encode(self, **loaded, o, text);
}

}  // namespace pano::cli
