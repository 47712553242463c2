#include <cstdio>
#include <numeric>

#include "base/env.h"
#include "base/json.h"
#include "base/strings.h"
#include "model/tokenizer/formats/load.h"
#include "model/tokenizer/tokenizer.h"
#include "model/train/ngram.h"
#include "model/train/token_sequence.h"
#include "pano/train/commands.h"

namespace pano::train {
namespace {

// The texts of {"text": ...} lines.
Result<std::vector<std::string>> ReadTexts(const std::string& path) {
  PANO_ASSIGN_OR_RETURN(const std::string file, ReadFile(path));
  std::vector<std::string> out;
  int64_t number = 0;
  for (std::string_view line : Split(file, '\n')) {
    ++number;
    if (Trim(line).empty()) continue;
    auto row = json::Parse(line);
    const json::Value* text = row.ok() ? row->Find("text") : nullptr;
    if (!text || !text->is_string()) return Corruption(StrCat(path, ":", number, ": is no {\"text\": ...}"));
    out.push_back(text->as_string());
  }
  return out;
}

double BitsPerByte(const std::vector<TokenSequence>& train, const std::vector<TokenSequence>& held_out, int order,
                   int32_t symbol_count, size_t bytes) {
  const NgramModel model = NgramModel::Train(train, order, symbol_count);
  double bits = 0;
  for (const TokenSequence& sequence : held_out) bits += model.Bits(sequence);
  return bits / static_cast<double>(bytes);
}

// Tokens of each text and one more symbol at its end.
Result<std::vector<TokenSequence>> Encode(const tokenizer::Tokenizer& tokenizer, const std::vector<std::string>& texts, int32_t end) {
  tokenizer::EncodeOptions plain;
  plain.add_special_tokens = false;
  plain.parse_special = false;
  std::vector<TokenSequence> out;
  for (const std::string& text : texts) {
    PANO_ASSIGN_OR_RETURN(TokenSequence ids, tokenizer.Encode(text, plain));
    ids.push_back(end);
    out.push_back(std::move(ids));
  }
  return out;
}

Result<json::Value> Measure(const std::string& train_path, const std::string& held_out_path, const std::string& model, int order) {
  PANO_ASSIGN_OR_RETURN(const std::vector<std::string> train, ReadTexts(train_path));
  PANO_ASSIGN_OR_RETURN(const std::vector<std::string> held_out, ReadTexts(held_out_path));
  const size_t bytes = std::accumulate(held_out.begin(), held_out.end(), size_t{0},
                                       [](size_t sum, const std::string& text) { return sum + text.size(); });
  if (bytes == 0) return InvalidArgument(StrCat(held_out_path, ": is empty"));
  json::Value out;
  out.Set("order", int64_t{order});
  out.Set("held_out_bytes", static_cast<int64_t>(bytes));
  std::vector<TokenSequence> a, b;
  for (const std::string& text : train) a.push_back(ByteSymbols(text));
  for (const std::string& text : held_out) b.push_back(ByteSymbols(text));
  out.Set("byte", BitsPerByte(a, b, order, kByteSymbolCount, bytes));
  if (model.empty()) return out;
  PANO_ASSIGN_OR_RETURN(const tokenizer::TokenizerPtr tokenizer, tokenizer::LoadTokenizer(model));
  const auto end = static_cast<int32_t>(tokenizer->vocab_size());
  PANO_ASSIGN_OR_RETURN(a, Encode(*tokenizer, train, end));
  PANO_ASSIGN_OR_RETURN(b, Encode(*tokenizer, held_out, end));
  out.Set("token", BitsPerByte(a, b, order, end + 1, bytes));
  return out;
}

}  // namespace

int RunNgram(const cli::Command& self, cli::Args args) {
  std::string train, held_out, model;
  int64_t order = 5;
  bool as_json = false;
  OptionSet set;
  set.String("train", &train, "Texts to learn from: {\"text\": ...} a line", "FILE")
      .String("held-out", &held_out, "Texts to measure on", "FILE")
      .String("model", &model, "A folder whose tokens are measured too", "DIR")
      .Int("order", &order, 1, 12, "Symbols in an n-gram")
      .Flag("json", &as_json, "Print JSON");
  if (const auto code = cli::Parse(self, set, args)) return *code;
  if (train.empty() || held_out.empty()) return cli::FailUsage(self, "--train and --held-out are needed");
  const Result<json::Value> out = Measure(train, held_out, model, static_cast<int>(order));
  if (!out.ok()) return cli::Fail(self, out.error());
  if (as_json) {
    std::printf("%s\n", json::Dump(*out).c_str());
    return 0;
  }
  for (const char* name : {"byte", "token"}) {
    if (const json::Value* bits = out->Find(name)) {
      std::printf("%ld-gram of %ss: %.4f bits/byte on held-out text\n", static_cast<long>(order), name, bits->as_double());
    }
  }
  return 0;
}

}  // namespace pano::train
