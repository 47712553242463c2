#include "model/train/run/record/run_card.h"

#include <gtest/gtest.h>

namespace pano::train {
namespace {

TEST(RunCard, SaysWhatTheModelIsMadeOf) {
  RunCard card;
  card.name = "tour";
  card.task = "causal_lm";
  card.base_model = "base/llama";
  card.adapter = true;
  card.parameters = 1234;
  card.held_out_loss = 1.5;
  card.best_step = 40;
  card.figures = {{"accuracy", 0.25}};
  card.record = {.recipe = "task: causal_lm\n# ```\n", .seed = 9,
                 .data = {{"a.txt", 5, std::string(64, 'a')}}, .version = "1.0", .commit = "abc"};
  const std::string text = RunCardMarkdown(card);
  for (const char* part :
       {"base_model: \"base/llama\"", "library_name: peft", "# tour", "| trained parameters | 1234 |",
        "1.5000 at step 40", "| accuracy | 0.2500 |", "| seed | 9 |", "| build | 1.0 abc |",
        "| a.txt | 5 | `aaaa", "````yaml\ntask: causal_lm\n# ```\n````\n"}) {
    EXPECT_NE(text.find(part), std::string::npos) << part << "\n" << text;
  }
}

TEST(RunCard, ANameIsOneLine) {
  RunCard card;
  card.name = "a\nb: c";
  card.base_model = "x\n---\nevil: 1";
  const std::string text = RunCardMarkdown(card);
  EXPECT_EQ(text.find("\nevil"), std::string::npos) << text;
  EXPECT_EQ(text.find("\nb: c"), std::string::npos);
}

}  // namespace
}  // namespace pano::train
