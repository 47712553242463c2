#pragma once

#include <string>

#include "base/env.h"
#include "base/status.h"
#include "model/train/trainer.h"

namespace pano::train {

struct ResultOptions {
  uint64_t shard_bytes_max = uint64_t{5} << 30;  // larger models are written in several files
};

// Writes what the trainer has learnt as `folder`, in one step: what stood there is replaced when
// all is written. Whole weights: a Hugging Face folder whose tensors have the names and types of
// the base's, with the base's other files (tokenizer, templates, generation settings); with several
// heads a folder in it for each. An adapter: a PEFT folder.
Status WriteResult(const std::string& folder, const Recipe& recipe, const Trainer& trainer,
                   const ResultOptions& options = {}, Env& env = Env::Real());

}  // namespace pano::train
