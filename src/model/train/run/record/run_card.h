#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "model/train/run/record/run_folder.h"

namespace pano::train {

// What the card of a trained model says. Empty texts and absent figures are left out.
struct RunCard {
  std::string name;
  std::string task;        // of the recipe
  std::string base_model;  // a folder's or file's name; "": random weights
  bool adapter = false;    // the result is an adapter over the base
  int64_t parameters = 0;  // that were trained
  int64_t steps = 0;
  int64_t tokens = 0;
  std::optional<double> train_loss;     // of the last step
  std::optional<double> held_out_loss;  // the best
  int64_t best_step = -1;
  std::vector<std::pair<std::string, double>> figures;  // as "accuracy"
  RunRecord record;
};

// README.md in Markdown with the header that the Hugging Face Hub reads.
std::string RunCardMarkdown(const RunCard& card);

}  // namespace pano::train
