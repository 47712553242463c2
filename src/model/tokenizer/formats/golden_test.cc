#include <gtest/gtest.h>

#include <cstdio>
#include <string>
#include <vector>

#include "base/env.h"
#include "base/json.h"
#include "base/shared_folder.h"
#include "base/strings.h"
#include "base/testing/known_answers.h"
#include "model/tokenizer/formats/load.h"
#include "model/tokenizer/tokenizer.h"

namespace pano::tokenizer {
namespace {

std::string Shared(std::string_view path) {
  return JoinPath(JoinPath(SharedFolder(PANO_SOURCE_DIR), "data"), path);
}

std::vector<json::Value> ReadLines(const std::string& path) {
  std::vector<json::Value> lines;
  const Result<std::string> text = ReadFile(path);
  EXPECT_TRUE(text.ok()) << path;
  if (!text.ok()) return lines;
  for (std::string_view line : Split(*text, '\n')) {
    if (line.empty()) continue;
    Result<json::Value> value = json::Parse(line);
    EXPECT_TRUE(value.ok()) << path << ": " << value.status().message();
    if (value.ok()) lines.push_back(*std::move(value));
  }
  return lines;
}

std::vector<TokenId> Ids(const json::Value& value) {
  std::vector<TokenId> ids;
  for (const json::Value& id : value.as_array()) ids.push_back(static_cast<TokenId>(id.as_int()));
  return ids;
}

std::vector<TokenId> Encode(const Tokenizer& tokenizer, std::string_view text, EncodeOptions options) {
  Result<std::vector<TokenId>> ids = tokenizer.Encode(text, options);
  EXPECT_TRUE(ids.ok()) << ids.status().message();
  return ids.ok() ? *std::move(ids) : std::vector<TokenId>();
}

std::string StreamAll(const Tokenizer& tokenizer, const std::vector<TokenId>& ids, bool skip) {
  const auto stream = tokenizer.Stream(skip);
  std::string text;
  for (TokenId id : ids) text += stream->Push(id);
  return text + stream->Flush();
}

bool Flag(const json::Value& line, std::string_view key, bool fallback) {
  const json::Value* value = line.Find(key);
  return value ? value->as_bool() : fallback;
}

// What one tokenizer of golden/tokenizers answers, counted.
class GoldenTokenizer {
 public:
  struct Count {
    int cases = 0, pairs = 0, streams = 0, equal = 0;
    int all() const { return cases + pairs + streams; }
  };

  explicit GoldenTokenizer(const std::string& name)
      : name_(name), folder_(Shared(StrCat("golden/tokenizers/", name))) {}

  Count Run() {
    Load();
    if (!tokenizer_) return {};
    for (const json::Value& line : Lines("cases.jsonl")) Tally(count_.cases, Case(line), line);
    for (const json::Value& line : Lines("pairs.jsonl")) Tally(count_.pairs, Pair(line), line);
    for (const json::Value& line : Lines("stream.jsonl")) Tally(count_.streams, Stream(line), line);
    return count_;
  }

 private:
  // Trained ones are folders; for the others source.json names the file, as "shared/data/...".
  void Load() {
    std::string path = folder_;
    LoadOptions options;
    if (const Result<std::string> text = ReadFile(JoinPath(folder_, "source.json")); text.ok()) {
      const json::Value source = json::Parse(*text).value();
      path = JoinPath(SharedFolder(PANO_SOURCE_DIR), source.Find("tokenizer")->as_string().substr(7));
      if (const json::Value* pattern = source.Find("pat_str")) options.pattern = pattern->as_string();
      if (const json::Value* special = source.Find("special_tokens")) options.special = *special;
    }
    const Result<TokenizerPtr> loaded = LoadTokenizer(path, options);
    EXPECT_TRUE(loaded.ok()) << loaded.status().message();
    if (loaded.ok()) tokenizer_ = *loaded;
  }

  std::vector<json::Value> Lines(std::string_view file) const {
    const std::string path = JoinPath(folder_, file);
    return FileExists(path) ? ReadLines(path) : std::vector<json::Value>();
  }

  void Tally(int& count, bool equal, const json::Value& line) {
    ++count;
    count_.equal += equal ? 1 : 0;
    EXPECT_TRUE(equal) << name_ << ": " << json::Dump(line);
  }

  EncodeOptions Options(const json::Value& line) const {
    EncodeOptions options;
    options.add_special_tokens =
        Flag(line, "add_special_tokens", tokenizer_->adds_special_tokens_by_default());
    options.parse_special = Flag(line, "parse_special", tokenizer_->parses_special_by_default());
    return options;
  }

  bool Case(const json::Value& line) const {
    const std::vector<TokenId> ids = Ids(*line.Find("ids"));
    bool equal = Encode(*tokenizer_, line.Find("text")->as_string(), Options(line)) == ids;
    for (bool skip : {false, true}) {
      const json::Value* decoded = line.Find(skip ? "decoded_skip_special" : "decoded");
      if (!decoded) continue;
      equal = equal && tokenizer_->Decode(ids, skip).value_or("failed") == decoded->as_string() &&
              StreamAll(*tokenizer_, ids, skip) == decoded->as_string();
    }
    if (const json::Value* pieces = line.Find("pieces")) {   // a run of unknown characters is one "<unk>"
      for (size_t i = 0; i < ids.size(); ++i) {
        equal = equal && tokenizer_->Piece(ids[i]) == pieces->as_array()[i].as_string();
      }
    }
    return equal;
  }

  bool Pair(const json::Value& line) const {
    EncodeOptions options;
    const Result<Encoding> encoding = tokenizer_->EncodePair(line.Find("text")->as_string(),
                                                             line.Find("pair")->as_string(), options);
    return encoding.ok() && encoding->ids == Ids(*line.Find("ids")) &&
           encoding->type_ids == Ids(*line.Find("type_ids"));
  }

  bool Stream(const json::Value& line) const {
    const auto stream = tokenizer_->Stream(line.Find("skip_special_tokens")->as_bool());
    const json::Array& pieces = line.Find("pieces")->as_array();
    bool equal = true;
    size_t i = 0;
    for (TokenId id : Ids(*line.Find("ids"))) {
      equal = equal && stream->Push(id) == (pieces[i].is_null() ? "" : pieces[i].as_string());
      ++i;
    }
    return equal;
  }

  const std::string name_;
  const std::string folder_;
  TokenizerPtr tokenizer_;
  Count count_;
};

// Every tokenizer that the folder has; the table is also kept as properties of the test.
TEST(Golden, AllTokenizersAreEqual) {
  PANO_KNOWN_ANSWERS(SharedAnswers, answers, PANO_SOURCE_DIR, "golden/tokenizers");
  const std::string& folder = answers.path();
  const Result<std::vector<std::string>> names = ListDirectory(folder);
  ASSERT_TRUE(names.ok());
  std::printf("  %-22s %6s %6s %8s %6s\n", "tokenizer", "cases", "pairs", "streams", "equal");
  for (const std::string& name : *names) {
    if (!IsDirectory(JoinPath(folder, name))) continue;
    const GoldenTokenizer::Count count = GoldenTokenizer(name).Run();
    std::printf("  %-22s %6d %6d %8d %6d\n", name.c_str(), count.cases, count.pairs, count.streams,
                count.equal);
    RecordProperty(StrCat("tokenizer.", name), StrCat(count.cases, "/", count.pairs, "/", count.streams));
    EXPECT_GT(count.cases, 0) << name;
    EXPECT_EQ(count.equal, count.all()) << name;
    answers.Compared(static_cast<size_t>(count.all()));
  }
}

// Texts and ids of GGUF files: no BOS, special text not parsed.
class GoldenGguf : public testing::TestWithParam<std::pair<const char*, const char*>> {};

TEST_P(GoldenGguf, Encodes) {
  const auto [file, tokens] = GetParam();
  PANO_KNOWN_ANSWERS(SharedAnswers, answers, PANO_SOURCE_DIR, file);
  const Result<TokenizerPtr> tokenizer = LoadTokenizer(Shared(file));
  ASSERT_TRUE(tokenizer.ok()) << tokenizer.status().message();
  EncodeOptions options;
  options.add_special_tokens = false;
  options.parse_special = false;
  for (const json::Value& line : ReadLines(Shared(tokens))) {
    const std::string& text = line.Find("text")->as_string();
    const std::vector<TokenId> ids = Ids(*line.Find("ids"));
    EXPECT_EQ(Encode(**tokenizer, text, options), ids) << json::Dump(line);
    answers.Compared(1);
    if (text.find("\u2581") != std::string::npos) continue;   // comes back as a space
    EXPECT_EQ((*tokenizer)->Decode(ids, false).value_or("failed"), text) << json::Dump(line);
    EXPECT_EQ(StreamAll(**tokenizer, ids, false), text) << json::Dump(line);
  }
}

INSTANTIATE_TEST_SUITE_P(
    Files, GoldenGguf,
    testing::Values(std::pair("golden/gguf/llama/llama-f32.gguf", "golden/gguf/llama/tokens.jsonl"),
                    std::pair("golden/gguf/qwen2/qwen2-f32.gguf", "golden/gguf/qwen2/tokens.jsonl"),
                    std::pair("golden/gguf/gemma2/gemma2-f32.gguf", "golden/gguf/gemma2/tokens.jsonl"),
                    std::pair("golden/gguf/llama_kquants/llama_kquants-kmix.gguf",
                              "golden/gguf/llama_kquants/tokens.jsonl")));

// Published vocabularies: texts between "__ggml_vocab_test__" lines, one line of ids for each.
class GgufVocabulary : public testing::TestWithParam<const char*> {};

TEST_P(GgufVocabulary, Encodes) {
  PANO_KNOWN_ANSWERS(SharedAnswers, known, PANO_SOURCE_DIR,
                     StrCat("tokenizers/gguf_vocab/ggml-vocab-", GetParam(), ".gguf"));
  const std::string& path = known.path();
  const Result<TokenizerPtr> tokenizer = LoadTokenizer(path);
  ASSERT_TRUE(tokenizer.ok()) << tokenizer.status().message();
  const Result<std::string> texts = ReadFile(path + ".inp");
  const Result<std::string> answers = ReadFile(path + ".out");
  ASSERT_TRUE(texts.ok() && answers.ok());
  const std::string separator = "\n__ggml_vocab_test__\n";
  EncodeOptions options;
  options.add_special_tokens = false;
  size_t from = 0;
  size_t count = 0;
  for (std::string_view line : Split(*answers, '\n')) {
    const size_t to = texts->find(separator, from);
    if (to == std::string::npos) break;
    std::vector<TokenId> ids;
    for (std::string_view id : Split(line, ' ')) {
      if (!id.empty()) ids.push_back(static_cast<TokenId>(ParseInt(id).value_or(-1)));
    }
    const std::string text = texts->substr(from, to - from);
    EXPECT_EQ(Encode(**tokenizer, text, options), ids) << Printable(text);
    known.Compared(1);
    from = to + separator.size();
    ++count;
  }
  EXPECT_GT(count, 40u);
}

INSTANTIATE_TEST_SUITE_P(Files, GgufVocabulary, testing::Values("gpt-2", "llama-spm"));

TEST(GoldenStories, AllFormsGiveTheSameIds) {
  PANO_KNOWN_ANSWERS(SharedAnswers, answers, PANO_SOURCE_DIR, "weights/stories260K");
  const std::string& folder = answers.path();
  const Result<TokenizerPtr> hf = LoadTokenizer(JoinPath(folder, "hf"));
  ASSERT_TRUE(hf.ok()) << hf.status().message();
  EXPECT_EQ((*hf)->bos(), 1);
  EXPECT_EQ((*hf)->eos(), 2);
  EXPECT_TRUE((*hf)->adds_special_tokens_by_default());
  const Result<std::string> story = ReadFile(JoinPath(folder, "expected_greedy_200.txt"));
  ASSERT_TRUE(story.ok());
  for (const char* file : {"stories260K-f32.gguf", "stories260K-q8_0.gguf"}) {
    const Result<TokenizerPtr> gguf = LoadTokenizer(JoinPath(folder, file));
    ASSERT_TRUE(gguf.ok()) << gguf.status().message();
    EXPECT_EQ((*gguf)->bos(), 1);
    EXPECT_FALSE((*gguf)->adds_special_tokens_by_default());
    for (const std::string& text : {*story, std::string("Zoë 你好\n\n  x<s>y</s> z"), std::string()}) {
      const std::vector<TokenId> ids = Encode(**hf, text, {});
      EXPECT_EQ(Encode(**gguf, text, {}), ids);
      answers.Compared(1);
      EXPECT_EQ(ids.at(0), 1);
      for (bool skip : {false, true}) {
        EXPECT_EQ((*gguf)->Decode(ids, skip).value_or("a"), (*hf)->Decode(ids, skip).value_or("b"));
      }
    }
  }
}

// BERT's published vocabulary as GGUF; no answers are published, these follow from its own rules.
TEST(GgufBert, EncodesAsBert) {
  PANO_KNOWN_ANSWERS(SharedAnswers, answers, PANO_SOURCE_DIR,
                     "tokenizers/gguf_vocab/ggml-vocab-bert-bge.gguf");
  const Result<TokenizerPtr> made = LoadTokenizer(answers.path());
  ASSERT_TRUE(made.ok()) << made.status().message();
  const Tokenizer& t = **made;
  const Encoding pair = t.EncodePair("Hello, caf\u00e9!", "tokenizers \u4f60\u597d \u0378").value();
  EXPECT_EQ(pair.ids, (std::vector<TokenId>{101, 7592, 1010, 7668, 999, 102, 19204, 17629, 2015, 100, 100,
                                            100, 102}));
  answers.Compared(pair.ids.size());
  EXPECT_EQ(pair.type_ids, (std::vector<int32_t>{0, 0, 0, 0, 0, 0, 1, 1, 1, 1, 1, 1, 1}));
  EXPECT_EQ(t.Decode(pair.ids, true).value(), "hello, cafe! tokenizers");
  EXPECT_FALSE(t.adds_special_tokens_by_default());
}

// The vocabulary that is also there as a SentencePiece file.
TEST(GgufScored, EqualsTheModelFile) {
  PANO_KNOWN_ANSWERS(SharedAnswers, answers, PANO_SOURCE_DIR,
                     "tokenizers/gguf_vocab/ggml-vocab-llama-spm.gguf");
  const std::string& gguf = answers.path();
  const std::string model = Shared("tokenizers/llama2/tokenizer.model");
  const Result<TokenizerPtr> a = LoadTokenizer(gguf);
  const Result<TokenizerPtr> b = LoadTokenizer(model);
  ASSERT_TRUE(a.ok() && b.ok());
  EncodeOptions options;
  options.parse_special = false;
  const std::string texts = ReadFile(gguf + ".inp").value();
  EXPECT_EQ(Encode(**a, texts, options), Encode(**b, texts, options));
  answers.Compared(texts.size());
}

}  // namespace
}  // namespace pano::tokenizer
