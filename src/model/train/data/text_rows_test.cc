#include "model/train/data/text_rows.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <filesystem>

#include "base/env.h"
#include "base/random.h"
#include "base/strings.h"
#include "model/tokenizer/formats/load.h"

namespace pano::train {
namespace {

// Bytes with two merges, an end token, and the markup of a chat.
tokenizer::TokenizerPtr Bytes() {
  json::Value vocab, model, byte_level, file;
  json::Array added;
  int64_t id = 0;
  for (const char* special : {"<end>", "<user>", "<bot>"}) {
    json::Value token;
    token.Set("id", id);
    token.Set("content", special);
    for (const char* key : {"single_word", "lstrip", "rstrip", "normalized"}) token.Set(key, false);
    token.Set("special", true);
    added.push_back(std::move(token));
    vocab.Set(special, id++);
  }
  for (char c = '!'; c <= '~'; ++c) vocab.Set(std::string(1, c), id++);
  for (const char* text : {"\u0120", "\u010a", "ab", "abc"}) vocab.Set(text, id++);
  byte_level.Set("type", "ByteLevel");
  byte_level.Set("add_prefix_space", false);
  byte_level.Set("use_regex", true);
  model.Set("type", "BPE");
  model.Set("vocab", std::move(vocab));
  model.Set("merges", json::Array{"a b", "ab c"});
  file.Set("added_tokens", std::move(added));
  file.Set("pre_tokenizer", byte_level);
  file.Set("decoder", byte_level);
  file.Set("model", std::move(model));
  json::Value config;
  config.Set("eos_token", "<end>");
  auto made = tokenizer::TokenizerFromJson(json::Dump(file), config);
  EXPECT_TRUE(made.ok()) << made.error().message();
  return made.ok() ? *made : nullptr;
}

// BERT's kind: [CLS] text [SEP], sub-words with "##".
tokenizer::TokenizerPtr Words() {
  json::Value vocab;
  int64_t id = 0;
  for (const char* token : {"[PAD]", "[UNK]", "[CLS]", "[SEP]", "[MASK]", "good", "bad", "film", "##s", "new", "york", "is"}) {
    vocab.Set(token, id++);
  }
  json::Array added;
  for (int64_t special = 0; special < 5; ++special) {
    json::Value token;
    token.Set("id", special);
    token.Set("content", vocab.as_object()[static_cast<size_t>(special)].first);
    for (const char* key : {"single_word", "lstrip", "rstrip", "normalized"}) token.Set(key, false);
    token.Set("special", true);
    added.push_back(std::move(token));
  }
  json::Value file, model;
  model.Set("type", "WordPiece");
  model.Set("unk_token", "[UNK]");
  model.Set("continuing_subword_prefix", "##");
  model.Set("max_input_chars_per_word", 100);
  model.Set("vocab", std::move(vocab));
  file.Set("added_tokens", std::move(added));
  file.Set("normalizer", json::Parse(R"({"type":"BertNormalizer","clean_text":true,"handle_chinese_chars":true,"strip_accents":null,"lowercase":true})").value());
  file.Set("pre_tokenizer", json::Parse(R"({"type":"BertPreTokenizer"})").value());
  file.Set("post_processor", json::Parse(R"({"type":"BertProcessing","sep":["[SEP]",3],"cls":["[CLS]",2]})").value());
  file.Set("decoder", json::Parse(R"({"type":"WordPiece","prefix":"##","cleanup":false})").value());
  file.Set("model", std::move(model));
  auto made = tokenizer::TokenizerFromJson(json::Dump(file), nullptr);
  EXPECT_TRUE(made.ok()) << made.error().message();
  return made.ok() ? *made : nullptr;
}

constexpr std::string_view kTemplate =
    "{% for m in messages %}{{ '<user>' if m.role == 'user' else '<bot>' }}{{ m.content }}{{ '<end>' if m.role != "
    "'user' }}{{ '\\n' }}{% endfor %}{% if add_generation_prompt %}<bot>{% endif %}";

class TextRows : public ::testing::Test {
 protected:
  void SetUp() override {
    folder_ = std::filesystem::temp_directory_path() / StrCat("pano_text_rows_", RandomHex(6));
    std::filesystem::create_directory(folder_);
  }
  void TearDown() override { std::filesystem::remove_all(folder_); }

  std::string Put(const std::string& name, std::string_view text) {
    const std::string path = JoinPath(folder_, name);
    EXPECT_TRUE(WriteFile(path, text).ok());
    return path;
  }

  static Recipe RecipeOf(Task task, DataFormat format, int64_t length, bool pack = false) {
    Recipe recipe;
    recipe.task = task;
    recipe.data.format = format;
    recipe.data.length = length;
    recipe.data.pack = pack;
    return recipe;
  }
  static TextRowOptions OptionsOf(tokenizer::TokenizerPtr tokenizer) {
    TextRowOptions options;
    options.limits.vocab_size = tokenizer->vocab_size();
    options.limits.length_max = 64;
    options.limits.token_types = 2;
    options.limits.label_count = 3;
    options.tokenizer = std::move(tokenizer);
    options.chat = jinja::ChatTemplate::Parse(kTemplate).value();
    return options;
  }
  std::unique_ptr<RowSource> Open(const Recipe& recipe, const std::vector<std::string>& paths,
                                  const TextRowOptions& options) {
    auto rows = OpenTextRows(recipe, paths, options);
    EXPECT_TRUE(rows.ok()) << rows.error().message();
    return rows.ok() ? *std::move(rows) : nullptr;
  }
  std::string FailureOf(const Recipe& recipe, const std::string& path, const TextRowOptions& options) {
    const auto rows = OpenTextRows(recipe, {path}, options);
    return rows.ok() ? "no failure" : rows.error().message();
  }

  std::string folder_;
};

Sequence Only(const RowSource& rows, int64_t index) {
  const Result<Row> row = rows.Read(index);
  EXPECT_TRUE(row.ok()) << row.error().message();
  return row.ok() ? row->sequences.at(0) : Sequence();
}

TEST_F(TextRows, DocumentsAreCutAndEnded) {
  const auto tokenizer = Bytes();
  const std::string path = Put("a.txt", "abcabc\n<|endoftext|>\n\nxyz");
  const auto rows = Open(RecipeOf(Task::kCausalLm, DataFormat::kText, 3), {path}, OptionsOf(tokenizer));
  ASSERT_TRUE(rows);
  const int32_t abc = *tokenizer->Find("abc"), newline = *tokenizer->Find("\u010a");
  ASSERT_EQ(rows->size(), 4);   // abc abc \n | <end> | \n x y | z <end>
  EXPECT_EQ(Only(*rows, 0).input_ids, (std::vector<int32_t>{abc, abc, newline}));
  EXPECT_EQ(Only(*rows, 1).input_ids, (std::vector<int32_t>{0}));
  EXPECT_EQ(Only(*rows, 3).input_ids, (std::vector<int32_t>{*tokenizer->Find("z"), 0}));
  EXPECT_TRUE(Only(*rows, 0).labels.empty());
  EXPECT_TRUE(Only(*rows, 0).position_ids.empty());
  EXPECT_TRUE(rows->Version().starts_with("sha256:"));
}

TEST_F(TextRows, PackedDocumentsSeeThemselvesAlone) {
  const auto tokenizer = Bytes();
  const std::string path = Put("a.jsonl", "{\"text\": \"abc\"}\n\n\"xy\"\n{\"text\": \"abcabcabc\"}\n");
  const auto rows = Open(RecipeOf(Task::kCausalLm, DataFormat::kText, 6, /*pack=*/true), {path}, OptionsOf(tokenizer));
  ASSERT_TRUE(rows);
  ASSERT_EQ(rows->size(), 2);
  const Sequence first = Only(*rows, 0);   // abc <end> | x y <end> | abc: a single token that fills up
  EXPECT_EQ(first.position_ids, (std::vector<int32_t>{0, 1, 0, 1, 2}));
  EXPECT_EQ(first.labels[0], kNoLabel);
  EXPECT_EQ(first.labels[1], 0);
  EXPECT_EQ(first.labels[2], kNoLabel);
  EXPECT_EQ(first.labels[3], first.input_ids[3]);
  const Sequence second = Only(*rows, 1);
  EXPECT_EQ(second.position_ids, (std::vector<int32_t>{0, 1, 2, 3}));
  EXPECT_EQ(second.labels[0], kNoLabel);
}

TEST_F(TextRows, ChatsLearnTheirAnswers) {
  const auto tokenizer = Bytes();
  const std::string path = Put("a.jsonl", R"({"messages":[{"role":"user","content":"x"},{"role":"assistant","content":"abc"}]}
{"messages":[{"role":"user","content":"<end>"},{"role":"assistant","content":"y"},{"role":"user","content":"z"}]}
)");
  for (bool pack : {false, true}) {
    const auto rows = Open(RecipeOf(Task::kChat, DataFormat::kChat, 40, pack), {path}, OptionsOf(tokenizer));
    ASSERT_TRUE(rows);
    ASSERT_EQ(rows->size(), pack ? 1 : 2);
    const Sequence s = Only(*rows, 0);
    const int32_t abc = *tokenizer->Find("abc");
    const std::vector<int32_t> labels(s.labels.begin(), s.labels.begin() + 7);
    // <user> x \n <bot> abc <end> \n
    EXPECT_EQ(labels, (std::vector<int32_t>{kNoLabel, kNoLabel, kNoLabel, kNoLabel, abc, 0, kNoLabel}));
    if (!pack) {
      // What a user wrote like a special token is text.
      const Sequence other = Only(*rows, 1);
      EXPECT_EQ(std::count(other.input_ids.begin(), other.input_ids.end(), 0), 1);
    }
  }
  const std::string bad = Put("b.jsonl", "{\"messages\":[]}\n");
  EXPECT_EQ(FailureOf(RecipeOf(Task::kChat, DataFormat::kChat, 40), bad, OptionsOf(tokenizer)),
            StrCat(bad, ":1: messages is no list of messages"));
}

TEST_F(TextRows, AnswersThatCannotBeFoundAreRefused) {
  TextRowOptions options = OptionsOf(Bytes());
  // Writes earlier answers otherwise than the last one.
  options.chat = jinja::ChatTemplate::Parse(
      "{% for m in messages %}{{ m.role }}:{{ m.content if loop.last else m.content | upper }}\n{% endfor %}"
      "{% if add_generation_prompt %}assistant:{% endif %}").value();
  const std::string path = Put("a.jsonl", R"({"messages":[{"role":"assistant","content":"ab"},{"role":"user","content":"x"}]}
)");
  const std::string failure = FailureOf(RecipeOf(Task::kChat, DataFormat::kChat, 40), path, options);
  EXPECT_NE(failure.find("{% generation %}"), std::string::npos) << failure;
  EXPECT_TRUE(failure.starts_with(StrCat(path, ":1:"))) << failure;
}

TEST_F(TextRows, PreferencesMarkTheirAnswers) {
  const auto tokenizer = Bytes();
  const std::string path = Put("a.jsonl", R"({"prompt":"ab","chosen":"c","rejected":"xyz"}
{"chosen":[{"role":"user","content":"q"},{"role":"assistant","content":"y"}],"rejected":[{"role":"user","content":"q"},{"role":"assistant","content":"no"}]}
)");
  Recipe recipe = RecipeOf(Task::kPreference, DataFormat::kPreference, 5);
  auto rows = Open(recipe, {path}, OptionsOf(tokenizer));
  ASSERT_TRUE(rows);
  Result<Row> row = rows->Read(0);
  ASSERT_TRUE(row.ok()) << row.error().message();
  // Prompt and answer are tokenised together: "abc" is one token, and overlaps the answer.
  EXPECT_EQ(row->sequences[0].input_ids, (std::vector<int32_t>{*tokenizer->Find("abc"), 0}));
  EXPECT_EQ(row->sequences[0].completion_mask, (std::vector<uint8_t>{1, 1}));
  EXPECT_EQ(row->sequences[1].completion_mask, (std::vector<uint8_t>{0, 1, 1, 1, 1}));
  row = rows->Read(1);
  ASSERT_TRUE(row.ok()) << row.error().message();
  // <user> q \n <bot> | n o <end> \n, of which the begin of the prompt is cut off
  EXPECT_EQ(row->sequences[1].completion_mask, (std::vector<uint8_t>{0, 1, 1, 1, 1}));
  const std::string bad = Put("b.jsonl", R"({"chosen":"a","rejected":"b"})");
  EXPECT_EQ(FailureOf(recipe, bad, OptionsOf(tokenizer)), StrCat(bad, ":1: has no \"prompt\""));
}

TEST_F(TextRows, LabelsAreNamesOrNumbers) {
  const auto tokenizer = Words();
  Recipe recipe = RecipeOf(Task::kSequenceClassification, DataFormat::kLabelled, 5);
  recipe.labels = {"no", "yes", "maybe"};
  const std::string path = Put("a.jsonl", R"({"text":"good films","label":"yes"}
{"text":"bad bad bad bad bad bad","label":0}
{"text":"good","text_pair":"bad","label":2}
)");
  const auto rows = Open(recipe, {path}, OptionsOf(tokenizer));
  ASSERT_TRUE(rows);
  EXPECT_EQ(rows->Read(0)->label, 1);
  EXPECT_EQ(Only(*rows, 0).input_ids, (std::vector<int32_t>{2, 5, 7, 8, 3}));
  EXPECT_EQ(Only(*rows, 1).input_ids, (std::vector<int32_t>{2, 6, 6, 6, 3}));   // the end of the text is lost
  EXPECT_EQ(Only(*rows, 2).token_type_ids, (std::vector<int32_t>{0, 0, 0, 1, 1}));
  const std::string bad = Put("b.jsonl", "{\"text\":\"good\",\"label\":\"yes\"}\n{\"text\":\"good\",\"label\":\"mayby\"}\n");
  const std::string failure = FailureOf(recipe, bad, OptionsOf(tokenizer));
  EXPECT_TRUE(failure.starts_with(StrCat(bad, ":2: 'mayby' is none of the 3 labels"))) << failure;
  EXPECT_NE(failure.find("maybe"), std::string::npos) << failure;
}

TEST_F(TextRows, TagsStandOnFirstSubwords) {
  const auto tokenizer = Words();
  Recipe recipe = RecipeOf(Task::kTokenClassification, DataFormat::kLabelled, 7);
  recipe.labels = {"O", "B", "I"};
  const std::string path = Put("a.jsonl", R"({"words":["films","new","york","is","good"],"tags":["O","B","I",0,"O"]})");
  const auto rows = Open(recipe, {path}, OptionsOf(tokenizer));
  ASSERT_TRUE(rows);
  const Sequence s = Only(*rows, 0);
  EXPECT_EQ(s.input_ids, (std::vector<int32_t>{2, 7, 8, 9, 10, 11, 3}));
  EXPECT_EQ(s.labels, (std::vector<int32_t>{kNoLabel, 0, kNoLabel, 1, 2, 0, kNoLabel}));
  const std::string bad = Put("b.jsonl", R"({"words":["good"],"tags":["O","B"]})");
  EXPECT_EQ(FailureOf(recipe, bad, OptionsOf(tokenizer)), StrCat(bad, ":1: \"tags\" has 2 entries for 1 words"));
}

TEST_F(TextRows, SeveralHeadsShareARow) {
  const auto tokenizer = Words();
  Recipe recipe = RecipeOf(Task::kTokenClassification, DataFormat::kLabelled, 8);
  recipe.heads = {{"mood", Task::kSequenceClassification, {"sad", "glad"}, 1.0},
                  {"place", Task::kTokenClassification, {"O", "X"}, 1.0}};
  const std::string path = Put("a.jsonl", R"({"words":["good","york"],"mood":"glad","place":["O","X"]}
{"words":["bad"],"place":["O"]}
)");
  TextRowOptions options = OptionsOf(tokenizer);
  options.limits.head_labels = {2, 2};
  const auto rows = Open(recipe, {path}, options);
  ASSERT_TRUE(rows);
  const Result<Row> row = rows->Read(0);
  ASSERT_TRUE(row.ok());
  ASSERT_EQ(row->heads.size(), 2u);
  EXPECT_EQ(row->heads[0], (HeadLabels{1}));
  EXPECT_EQ(row->heads[1], (HeadLabels{kNoLabel, 0, 1, kNoLabel}));
  EXPECT_EQ(rows->Read(1)->heads[0], (HeadLabels{kNoLabel}));
}

TEST_F(TextRows, PairsHaveNegativesWhereGiven) {
  const auto tokenizer = Words();
  const std::string path = Put("a.jsonl", R"({"anchor":"good","positive":"good film","negatives":["bad","bad film"]}
{"anchor":"bad","positive":"bad film"}
)");
  const auto rows = Open(RecipeOf(Task::kEmbedding, DataFormat::kPairs, 8), {path}, OptionsOf(tokenizer));
  ASSERT_TRUE(rows);
  EXPECT_EQ(rows->Read(0)->sequences.size(), 4u);
  EXPECT_EQ(rows->Read(1)->sequences.size(), 2u);
}

TEST_F(TextRows, MasksAreAFunctionOfSeedAndRow) {
  const auto tokenizer = Words();
  std::string text;
  for (int i = 0; i < 3000; ++i) text += "good film is new ";
  const std::string path = Put("a.txt", text);
  Recipe recipe = RecipeOf(Task::kMaskedLm, DataFormat::kText, 34);
  recipe.seed = 7;
  const auto rows = Open(recipe, {path}, OptionsOf(tokenizer));
  const auto again = Open(recipe, {path}, OptionsOf(tokenizer));
  ASSERT_TRUE(rows && again);
  int64_t chosen = 0, masked = 0, kept = 0, tokens = 0;
  for (int64_t i = 0; i < rows->size(); ++i) {
    const Sequence s = Only(*rows, i);
    EXPECT_EQ(s.input_ids, Only(*again, i).input_ids);
    EXPECT_EQ(s.input_ids.front(), 2);
    EXPECT_EQ(s.input_ids.back(), 3);
    bool any = false;
    for (size_t t = 0; t < s.input_ids.size(); ++t) {
      ++tokens;
      if (s.labels[t] == kNoLabel) continue;
      any = true;
      ++chosen;
      masked += s.input_ids[t] == 4 ? 1 : 0;
      kept += s.input_ids[t] == s.labels[t] ? 1 : 0;
      EXPECT_GE(s.labels[t], 5);
      EXPECT_TRUE(s.input_ids[t] >= 4);
    }
    EXPECT_TRUE(any);
  }
  const auto share = [](int64_t part, int64_t whole) { return static_cast<double>(part) / static_cast<double>(whole); };
  EXPECT_NEAR(share(chosen, tokens), 0.15 * 32 / 34, 0.02);
  EXPECT_NEAR(share(masked, chosen), 0.8, 0.04);
  EXPECT_NEAR(share(kept, chosen), 0.1 + 0.1 / 7, 0.03);
  recipe.seed = 8;
  EXPECT_NE(Only(*Open(recipe, {path}, OptionsOf(tokenizer)), 0).labels, Only(*rows, 0).labels);
}

TEST_F(TextRows, WhatIsNoDataIsNamed) {
  const TextRowOptions options = OptionsOf(Bytes());
  const Recipe recipe = RecipeOf(Task::kEmbedding, DataFormat::kPairs, 8);
  EXPECT_NE(FailureOf(recipe, JoinPath(folder_, "nothing.jsonl"), options).find("nothing.jsonl"), std::string::npos);
  const std::string empty = Put("empty.jsonl", "\n \n");
  EXPECT_EQ(FailureOf(recipe, empty, options), StrCat(empty, ": has no lines"));
  const std::string torn = Put("torn.jsonl", "{\"anchor\":\"a\",\"positive\":\"b\"}\n\n{\"anchor\":\"a\",\"posi");
  EXPECT_TRUE(FailureOf(recipe, torn, options).starts_with(StrCat(torn, ":3:"))) << FailureOf(recipe, torn, options);
  const std::string bytes = Put("bytes.txt", "fine\n<|endoftext|>\n\xff\n");
  EXPECT_TRUE(FailureOf(RecipeOf(Task::kCausalLm, DataFormat::kText, 8), bytes, options).starts_with(StrCat(bytes, ":3:")));
  TextRowOptions small = options;
  small.limits.vocab_size = 10;
  const std::string text = Put("text.txt", "abc");
  EXPECT_NE(FailureOf(RecipeOf(Task::kCausalLm, DataFormat::kText, 8), text, small).find("vocabulary"), std::string::npos);
}

}  // namespace
}  // namespace pano::train
