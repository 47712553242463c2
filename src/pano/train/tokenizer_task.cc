#include "pano/train/tokenizer_task.h"

#include <cstdio>
#include <utility>

#include "base/env.h"
#include "base/json.h"
#include "model/train/base_model.h"
#include "model/train/tokenizer/tokenizer_task.h"

namespace pano::train {

Status TrainTokenizerTask(const Recipe& recipe, const std::string& out, bool json, int threads) {
  std::vector<std::string> paths;
  for (const std::string& path : recipe.data.train) paths.push_back(ResolvePath(recipe, path));
  tokenizer::TrainTokenizerOptions options;
  options.threads = threads;
  PANO_ASSIGN_OR_RETURN(const tokenizer::TrainedTokenizer trained,
                        RunTokenizerTask(recipe, std::move(paths), out, options));
  const std::string path = JoinPath(out, "tokenizer.json");
  if (json) {
    json::Value event;
    event.Set("event", "done");
    event.Set("output", path);
    event.Set("vocab", trained.vocab_size);
    event.Set("sequences", static_cast<int64_t>(trained.sequences));
    event.Set("bytes", static_cast<int64_t>(trained.bytes));
    std::printf("%s\n", json::Dump(event).c_str());
  } else {
    std::printf("%s: %ld pieces from %lu lines, %lu bytes\n", path.c_str(), static_cast<long>(trained.vocab_size),
                static_cast<unsigned long>(trained.sequences), static_cast<unsigned long>(trained.bytes));
  }
  return {};
}

}  // namespace pano::train
