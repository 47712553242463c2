#include "model/train/lm_trainer.h"

#include <ATen/ATen.h>
#include <gtest/gtest.h>

#include <filesystem>

#include "base/env.h"
#include "base/random.h"
#include "base/strings.h"
#include "model/train/answers.h"
#include "model/train/model_card.h"

namespace pano::train {
namespace {

class LmTrainerTest : public testing::Test {
 protected:
  LmTrainerTest() : folder_(StrCat(testing::TempDir(), "trainer-", RandomHex(4))) {
    SetTorchThreads(1);
    std::filesystem::create_directories(folder_ + "/b");
    recipe_.name = "tiny";
    recipe_.seed = 3;
    recipe_.model.vocab_size = 300;
    recipe_.model.hidden_size = 16;
    recipe_.model.layer_count = 2;
    recipe_.model.head_count = 4;
    recipe_.model.kv_head_count = 2;
    recipe_.model.ffn_size = 24;
    recipe_.model.context_length = 32;
    recipe_.training.epochs = 4;
    recipe_.training.rows = 4;
    recipe_.training.row_tokens = 16;
    recipe_.training.learning_rate = 0.01;
    recipe_.training.warmup_steps = 4;
    recipe_.training.evaluate_every = 10;
  }
  ~LmTrainerTest() override { std::filesystem::remove_all(folder_); }

  // Stories that count upwards from a random number.
  static TrainingData Data() {
    TrainingData data;
    Random random(1);
    for (int i = 0; i < 60; ++i) {
      auto first = static_cast<int32_t>(1 + random.Below(200));
      TokenSequence story;
      for (int k = 0; k < 12; ++k) story.push_back(first + k);
      if (i < 54) {
        data.train.push_back(story);
      } else {
        story.insert(story.begin(), 0);
        story.push_back(0);
        data.held_out.push_back(story);
        data.held_out_bytes += 24;
      }
    }
    return data;
  }
  std::unique_ptr<LmTrainer> Make(const std::string& folder, bool resume = false, int threads = 1,
                                int64_t stop_after = 0) {
    LmTrainer::Options options;
    options.folder = folder;
    options.resume = resume;
    options.threads = threads;
    options.stop_after = stop_after;
    options.report = [this](const TrainingReport& r) { reports_.push_back(r); };
    auto made = LmTrainer::Create(recipe_, Data(), std::move(options));
    EXPECT_TRUE(made.ok()) << made.error().ToString();
    return made.ok() ? std::move(*made) : nullptr;
  }
  static bool Equal(const TransformerModule& a, const TransformerModule& b) {
    for (size_t i = 0; i < a.parameters().size(); ++i) {
      if (!at::equal(a.parameters()[i].value, b.parameters()[i].value)) return false;
    }
    return true;
  }

  std::string folder_;
  LmRecipe recipe_;
  std::vector<TrainingReport> reports_;
};

TEST_F(LmTrainerTest, LearnsAndKeepsTheBest) {
  recipe_.training.epochs = 20;
  auto trainer = Make(folder_);
  ASSERT_TRUE(trainer->Run().ok());
  ASSERT_GE(reports_.size(), 2u);
  EXPECT_LT(reports_.back().loss, 0.8 * reports_.front().loss);
  double best = reports_.front().held_out_bits_per_byte;
  for (const TrainingReport& r : reports_) {
    if (r.held_out_bits_per_byte > 0) best = std::min(best, r.held_out_bits_per_byte);
  }
  EXPECT_EQ(trainer->progress().best_bits_per_byte, best);
  ASSERT_TRUE(trainer->LoadBest().ok());
  TrainingData data = Data();
  Loss loss = Evaluate(trainer->module(), data.held_out, 32, 16);
  EXPECT_NEAR(BitsPerByte(loss, data.held_out_bytes), best, 1e-9);
}

TEST_F(LmTrainerTest, ResumesToTheSameBits) {
  auto straight = Make(folder_);
  ASSERT_TRUE(straight->Run().ok());
  EXPECT_FALSE(straight->unfinished());
  auto first = Make(folder_ + "/b", false, 1, 13);
  ASSERT_TRUE(first->Run().ok());
  EXPECT_EQ(first->progress().step, 13);
  EXPECT_TRUE(first->unfinished());
  auto second = Make(folder_ + "/b", true);
  EXPECT_EQ(second->progress().step, 13);
  ASSERT_TRUE(second->Run().ok());
  EXPECT_EQ(second->progress().step, straight->progress().step);
  EXPECT_TRUE(Equal(straight->module(), second->module()));
}

TEST_F(LmTrainerTest, ThreadsDoNotChangeTheResult) {
  auto one = Make(folder_, false, 1, 8), two = Make(folder_ + "/b", false, 2, 8);
  ASSERT_TRUE(one->Run().ok());
  ASSERT_TRUE(two->Run().ok());
  EXPECT_TRUE(Equal(one->module(), two->module()));
}

TEST_F(LmTrainerTest, StopsWhenNothingGetsBetter) {
  recipe_.training.epochs = 1000;
  recipe_.training.learning_rate = 0;
  recipe_.training.patience = 3;
  auto trainer = Make(folder_);
  ASSERT_TRUE(trainer->Run().ok());
  EXPECT_EQ(trainer->progress().step,
            10 * 4);  // the first evaluation, then three that are no better
}

TEST_F(LmTrainerTest, RefusesWhatCannotWork) {
  LmTrainer::Options options;
  options.folder = folder_;
  TrainingData few = Data();
  few.train.resize(2);
  EXPECT_EQ(LmTrainer::Create(recipe_, few, options).error().code(), StatusCode::kInvalidArgument);
  TrainingData none = Data();
  none.held_out.clear();
  EXPECT_EQ(LmTrainer::Create(recipe_, none, options).error().code(), StatusCode::kInvalidArgument);
  options.resume = true;
  EXPECT_EQ(LmTrainer::Create(recipe_, Data(), options).error().code(), StatusCode::kNotFound);
  ASSERT_TRUE(Make(folder_, false, 1, 1)->Run().ok());
  recipe_.model.ffn_size = 32;
  EXPECT_EQ(LmTrainer::Create(recipe_, Data(), options).error().code(), StatusCode::kCorruption);
}

TEST_F(LmTrainerTest, CardStatesTheFigures) {
  TrainingFigures figures;
  figures.bits_per_byte = 1.2;
  figures.byte_ngram_bits_per_byte = 1.6;
  figures.token_ngram_bits_per_byte = 1.5;
  std::string card = ModelCard(recipe_, *MakeModelSpec(recipe_.model), figures,
                               {{"Once", " more.\nEnd", 4, true}});
  for (std::string_view part :
       {"1.2000", "25.0 %", "20.0 %", "> **Once** more.\n> End\n", "seed 4"}) {
    EXPECT_NE(card.find(part), std::string::npos) << part;
  }
}

}  // namespace
}  // namespace pano::train
