// The cases of tokenizer_train of the shared known answers: what HF tokenizers learns from the same
// text. Prints a table.
#include <gtest/gtest.h>

#include <cstdio>
#include <set>
#include <string>
#include <vector>

#include "base/env.h"
#include "base/json.h"
#include "base/strings.h"
#include "base/testing/known_answers.h"
#include "base/utf8.h"
#include "model/tokenizer/formats/load.h"
#include "model/tokenizer/tokenizer.h"
#include "model/tokenizer/train/train_tokenizer.h"

namespace pano::tokenizer {
namespace {

json::Value ReadJson(const std::string& path) { return json::Parse(ReadFile(path).value()).value(); }

int64_t IntOr(const json::Value& object, std::string_view key, int64_t fallback) {
  const json::Value* value = object.Find(key);
  return value ? value->as_int() : fallback;
}
bool BoolOr(const json::Value& object, std::string_view key, bool fallback) {
  const json::Value* value = object.Find(key);
  return value ? value->as_bool() : fallback;
}

TokenizerRecipe RecipeOf(const json::Value& test) {
  TokenizerRecipe recipe;
  const std::string& kind = test.Find("kind")->as_string();
  recipe.type = TrainedTypeOf(kind == "bpe" ? "byte_bpe" : kind).value();
  const json::Value& options = *test.Find("options");
  std::set<std::string> known = {"vocab", "special", "min_frequency", "prefix", "split", "nfc", "initial",
                                 "limit_alphabet", "max_token_length", "lowercase"};
  for (const auto& [key, value] : options.as_object()) EXPECT_TRUE(known.contains(key)) << key;
  recipe.vocab = IntOr(options, "vocab", 0);
  recipe.min_frequency = IntOr(options, "min_frequency", 0);
  recipe.prefix_space = BoolOr(options, "prefix", false);
  recipe.qwen2_split = BoolOr(options, "split", false);
  recipe.nfc = BoolOr(options, "nfc", false);
  recipe.initial_bytes = BoolOr(options, "initial", true);
  if (const json::Value* special = options.Find("special")) {
    for (const json::Value& token : special->as_array()) {
      if (!recipe.special) recipe.special.emplace();
      recipe.special->push_back(token.as_string());
    }
  }
  if (options.Find("limit_alphabet")) recipe.limit_alphabet = IntOr(options, "limit_alphabet", 0);
  if (options.Find("max_token_length")) recipe.max_token_length = IntOr(options, "max_token_length", 0);
  if (const json::Value* lowercase = options.Find("lowercase")) recipe.lowercase = lowercase->as_bool();
  return recipe;
}

std::vector<std::string> LinesOf(const std::string& data, const json::Value& source) {
  std::string text;
  if (const json::Value* given = source.Find("text")) {
    text = given->as_string();
  } else {
    const auto begin = static_cast<size_t>(source.Find("first_byte")->as_int());
    const auto end = static_cast<size_t>(source.Find("end_byte")->as_int());
    text = ReadFile(JoinPath(data, source.Find("file")->as_string())).value().substr(begin, end - begin);
  }
  std::vector<std::string> lines;
  for (size_t begin = 0; begin < text.size();) {
    const size_t newline = std::min(text.find('\n', begin), text.size() - 1);
    lines.push_back(text.substr(begin, newline + 1 - begin));
    begin = newline + 1;
  }
  return lines;
}

// Entries by id, with scores where it has some.
struct Vocabulary {
  std::vector<std::string> tokens;
  std::vector<double> scores;
  std::vector<std::string> merges;

  explicit Vocabulary(const json::Value& file) {
    const json::Value& model = *file.Find("model");
    const json::Value& vocab = *model.Find("vocab");
    if (vocab.is_array()) {
      for (const json::Value& entry : vocab.as_array()) {
        tokens.push_back(entry.as_array()[0].as_string());
        scores.push_back(entry.as_array()[1].as_double());
      }
    } else {
      tokens.resize(vocab.as_object().size());
      for (const auto& [token, id] : vocab.as_object()) {
        tokens.at(static_cast<size_t>(id.as_int())) = token;
      }
    }
    if (const json::Value* list = model.Find("merges")) {
      for (const json::Value& merge : list->as_array()) merges.push_back(json::Dump(merge));
    }
  }
};

struct Measure {
  int64_t tokens = 0;
  int64_t unknown = 0;
  double nats = 0;
};

Measure MeasureOf(const json::Value& file, const std::vector<std::string>& lines) {
  Result<TokenizerPtr> made = TokenizerFromJson(json::Dump(file), nullptr);
  EXPECT_TRUE(made.ok()) << made.error().message();
  if (!made.ok()) return {};
  const Vocabulary vocabulary(file);
  Measure out;
  const std::optional<TokenId> unknown =
      vocabulary.scores.empty() ? (*made)->Find("[UNK]") : (*made)->Find("<unk>");
  for (const std::string& line : lines) {
    const Result<std::vector<TokenId>> ids = (*made)->Encode(line);
    EXPECT_TRUE(ids.ok()) << ids.error().message();
    if (!ids.ok()) return {};
    out.tokens += static_cast<int64_t>(ids->size());
    for (TokenId id : *ids) {
      if (unknown && id == *unknown) ++out.unknown;
      else if (!vocabulary.scores.empty()) out.nats -= vocabulary.scores[static_cast<size_t>(id)];
    }
  }
  return out;
}

double Jaccard(const std::vector<std::string>& a, const std::vector<std::string>& b) {
  const std::set<std::string> left(a.begin(), a.end()), right(b.begin(), b.end());
  size_t both = 0;
  for (const std::string& token : left) both += right.count(token);
  return static_cast<double>(both) / static_cast<double>(left.size() + right.size() - both);
}

// Whether `value` lies within `slack` of the range that the library's own runs span.
void ExpectWithin(const json::Value& spread, const char* key, double value, double slack,
                  const std::string& name) {
  const json::Array& range = spread.Find(key)->as_array();
  EXPECT_GE(value, range[0].as_double() * (1 - slack)) << name << " " << key;
  EXPECT_LE(value, range[1].as_double() * (1 + slack)) << name << " " << key;
}

class GoldenCase {
 public:
  GoldenCase(const std::string& folder, const std::string& data)
      : name_(BaseName(folder)), test_(ReadJson(JoinPath(folder, "case.json"))),
        file_(ReadJson(JoinPath(folder, "tokenizer.json"))), wanted_(file_) {
    text_ = LinesOf(data, *test_.Find("corpus"));
    other_ = LinesOf(data, *test_.Find("test"));
  }

  // How many values were compared.
  size_t Run() {
    const TokenizerRecipe recipe = RecipeOf(test_);
    EXPECT_EQ(text_.size(), static_cast<size_t>(test_.Find("lines")->as_int())) << name_;
    const std::unique_ptr<SequenceSource> source = SequencesOf(text_);
    TrainTokenizerOptions options;
    options.threads = 2;
    const Result<TrainedTokenizer> trained = TrainTokenizer(*source, recipe, options);
    EXPECT_TRUE(trained.ok()) << name_ << ": " << trained.error().message();
    if (!trained.ok()) return 0;
    made_ = trained->file;
    for (const char* part : {"added_tokens", "normalizer", "pre_tokenizer", "post_processor", "decoder"}) {
      EXPECT_EQ(*made_.Find(part), *file_.Find(part)) << name_ << " " << part;
    }
    if (recipe.type == TrainedType::kByteBpe) return CompareExactly();
    return CompareClosely(recipe);
  }

 private:
  void Print(double jaccard, const Measure& train, const Measure& test, std::string_view note) const {
    std::printf("%-22s %6zu %6zu %8.4f %8ld %8ld %12.2f %6ld  %s\n", name_.c_str(),
                wanted_.tokens.size(), Vocabulary(made_).tokens.size(), jaccard,
                static_cast<long>(train.tokens), static_cast<long>(test.tokens), test.nats,
                static_cast<long>(test.unknown), std::string(note).c_str());
  }

  size_t CompareExactly() {
    const Vocabulary made(made_);
    EXPECT_EQ(made.tokens, wanted_.tokens) << name_;
    EXPECT_EQ(made.merges, wanted_.merges) << name_;
    const TokenizerPtr tokenizer = TokenizerFromJson(json::Dump(made_), nullptr).value();
    for (const json::Value& encoding : test_.Find("encodings")->as_array()) {
      json::Array ids;
      const std::vector<TokenId> encoded = tokenizer->Encode(encoding.Find("text")->as_string()).value();
      for (TokenId id : encoded) ids.emplace_back(int64_t{id});
      EXPECT_EQ(json::Value(ids), *encoding.Find("ids")) << name_;
    }
    const Measure train = MeasureOf(made_, text_), test = MeasureOf(made_, other_);
    EXPECT_EQ(train.tokens, test_.Find("train_measure")->Find("tokens")->as_int()) << name_;
    EXPECT_EQ(test.tokens, test_.Find("test_measure")->Find("tokens")->as_int()) << name_;
    const bool equal = made.tokens == wanted_.tokens && made.merges == wanted_.merges;
    Print(Jaccard(made.tokens, wanted_.tokens), train, test, equal ? "exact" : "DIFFERS");
    return made.tokens.size() + made.merges.size();
  }

  size_t CompareClosely(const TokenizerRecipe& recipe) {
    const Vocabulary made(made_);
    EXPECT_EQ(made.tokens.size(), wanted_.tokens.size()) << name_;
    const double jaccard = Jaccard(made.tokens, wanted_.tokens);
    const json::Value& spread = *test_.Find("spread_over_runs");
    const Measure train = MeasureOf(made_, text_), test = MeasureOf(made_, other_);
    if (recipe.type == TrainedType::kWordPiece) {
      EXPECT_GE(jaccard, spread.Find("vocab_jaccard_min")->as_double() - 0.05) << name_;
      ExpectWithin(spread, "train_tokens", static_cast<double>(train.tokens), 0.02, name_);
      ExpectWithin(spread, "test_tokens", static_cast<double>(test.tokens), 0.02, name_);
      const std::set<std::string> there(made.tokens.begin(), made.tokens.end());
      for (const std::string& token : wanted_.tokens) {
        // Which of the rarest characters a limit keeps is the library's hash order.
        if (recipe.limit_alphabet || Utf8Length(token) != token.size()) continue;
        EXPECT_TRUE(there.contains(token)) << name_ << " " << token;
      }
    } else {
      EXPECT_GE(jaccard, 0.995) << name_;  // asked is 0.95
      EXPECT_LE(train.nats, 1.01 * test_.Find("train_measure")->Find("nats")->as_double()) << name_;
      EXPECT_LE(test.nats, 1.01 * test_.Find("test_measure")->Find("nats")->as_double()) << name_;
      EXPECT_EQ(train.unknown, test_.Find("train_measure")->Find("unknown")->as_int()) << name_;
      EXPECT_EQ(test.unknown, test_.Find("test_measure")->Find("unknown")->as_int()) << name_;
    }
    for (size_t id = 0; id < SpecialTokens(recipe).size(); ++id) {
      EXPECT_EQ(made.tokens[id], wanted_.tokens[id]) << name_;
    }
    Print(jaccard, train, test, "");
    return made.tokens.size();
  }

  const std::string name_;
  const json::Value test_, file_;
  const Vocabulary wanted_;
  std::vector<std::string> text_, other_;
  json::Value made_;
};

TEST(GoldenTokenizerTraining, EveryCaseIsLearntAsTheLibraryLearnsIt) {
  PANO_KNOWN_ANSWERS(SharedAnswers, answers, PANO_SOURCE_DIR, "golden/training/tokenizer_train");
  const std::string data = JoinPath(SharedFolder(PANO_SOURCE_DIR), "data");
  std::printf("%-22s %6s %6s %8s %8s %8s %12s %6s\n", "case", "wanted", "made", "jaccard", "train",
              "test", "nats", "unk");
  // Cases of one's own may lie elsewhere, in folders of the same form.
  const std::string more = EnvironmentVariable("PANO_TOKENIZER_CASES");
  for (const std::string& folder : {answers.path(), more}) {
    if (folder.empty()) continue;
    const std::vector<std::string> names = ListDirectory(folder).value();
    for (const std::string& name : names) {
      answers.Compared(GoldenCase(JoinPath(folder, name), data).Run());
    }
  }
}

}  // namespace
}  // namespace pano::tokenizer
