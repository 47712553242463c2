// The cases of chat_labels of the shared known answers: which tokens of a conversation are learnt.
// Prints a table.
#include <gtest/gtest.h>

#include <cstdio>
#include <map>
#include <string>

#include "base/json.h"
#include "base/strings.h"
#include "base/testing/known_answers.h"
#include "model/tokenizer/formats/load.h"
#include "model/train/data/chat_sequence.h"

namespace pano::train {
namespace {

std::vector<int32_t> Numbers(const json::Value& list) {
  std::vector<int32_t> out;
  for (const json::Value& number : list.as_array()) out.push_back(static_cast<int32_t>(number.as_int()));
  return out;
}

// The template without its blocks, so that answers have to be found.
std::string WithoutBlocks(std::string source) {
  for (const char* block : {"{% generation %}", "{% endgeneration %}"}) {
    for (size_t at = source.find(block); at != std::string::npos; at = source.find(block)) {
      source.erase(at, std::string_view(block).size());
    }
  }
  return source;
}

TEST(ChatLabels, AnswersAndNothingElseAreLearnt) {
  PANO_KNOWN_ANSWERS(SharedAnswers, answers, PANO_SOURCE_DIR, "golden/training/chat_labels/cases.json");
  const json::Value file = json::Parse(ReadFile(answers.path()).value()).value();
  const std::string golden = JoinPath(SharedFolder(PANO_SOURCE_DIR), "data/golden/training");
  std::map<std::string, tokenizer::TokenizerPtr> tokenizers;
  std::printf("%-22s %-14s %6s %7s %s\n", "tokenizer", "template", "tokens", "learnt", "without blocks");
  for (const json::Value& test : file.Find("cases")->as_array()) {
    const std::string& name = test.Find("tokenizer")->as_string();
    tokenizer::TokenizerPtr& tokenizer = tokenizers[name];
    if (!tokenizer) {
      auto loaded = tokenizer::LoadTokenizer(JoinPath(golden, name));
      ASSERT_TRUE(loaded.ok()) << loaded.error().message();
      tokenizer = *loaded;
    }
    const std::string& kind = test.Find("template")->as_string();
    const std::string& source = file.Find("templates")->Find(kind)->as_string();
    const ChatWriter writer(*tokenizer, jinja::ChatTemplate::Parse(source).value());
    const Result<WrittenChat> chat = writer.Write(*test.Find("messages"), nullptr);
    ASSERT_TRUE(chat.ok()) << chat.error().message();
    EXPECT_EQ(chat->text, test.Find("text")->as_string());
    const Result<Sequence> row = ChatSequence(*tokenizer, *chat);
    ASSERT_TRUE(row.ok()) << row.error().message();
    EXPECT_EQ(row->input_ids, Numbers(*test.Find("input_ids"))) << chat->text;
    EXPECT_EQ(row->labels, Numbers(*test.Find("labels"))) << chat->text;

    // Where the block holds the end token too, the same is found without it.
    const ChatWriter bare(*tokenizer, jinja::ChatTemplate::Parse(WithoutBlocks(source)).value());
    const Result<WrittenChat> found = bare.Write(*test.Find("messages"), nullptr);
    ASSERT_TRUE(found.ok()) << found.error().message();
    const bool same = ChatSequence(*tokenizer, *found)->labels == row->labels;
    if (kind != "chatml_no_end") {
      EXPECT_TRUE(same) << chat->text;
    }
    size_t learnt = 0;
    for (int32_t label : row->labels) learnt += label != kNoLabel ? 1 : 0;
    std::printf("%-22s %-14s %6zu %7zu %s\n", std::string(BaseName(name)).c_str(), kind.c_str(),
                row->input_ids.size(), learnt, same ? "the same" : "with the end token");
    answers.Compared(row->labels.size());
  }
}

}  // namespace
}  // namespace pano::train
