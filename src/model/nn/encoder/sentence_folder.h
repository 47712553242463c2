#pragma once

#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "model/nn/encoder/head.h"

namespace pano::encoder {

// What a sentence-transformers folder (Reimers and Gurevych, "Sentence-BERT", 2019) puts behind its
// transformer.
struct SentenceFolder {
  HeadConfig head;                        // of sentence_embedding
  std::string pooling;                    // by name
  int64_t advised_length = 0;             // where texts are cut; 0: nowhere
  std::vector<format::ModelFiles> dense;  // weights of the head's dense stages, in order
};

// From modules.json and what it names; nothing where there is none. Unimplemented names a module or
// an option that is not supported.
Result<std::optional<SentenceFolder>> ReadSentenceFolder(const std::string& folder,
                                                         int64_t hidden_size);

Result<Head> BindSentenceHead(const SentenceFolder& folder, const nn::ModelConfig& tower);

}  // namespace pano::encoder
