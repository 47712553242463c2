#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "app/http/client.h"

namespace pano::load {

enum class Dialect { kOpenAi, kPredict, kEmbeddings };
std::string_view DialectName(Dialect dialect);  // "openai", "predict", "embeddings": of --api


// What every request of a run has in common.
struct WorkloadOptions {
  Dialect dialect = Dialect::kOpenAi;
  std::string model;
  std::string api_key;  // "": none is sent
  int64_t prompt_tokens = 128;
  bool text = false;  // a prompt of words; else of random token ids (predict: always words)
  int64_t max_tokens = 64;
  bool ignore_eos = true;
  int64_t priority = 0;  // of /v1/embeddings; 0: none is sent
  uint64_t seed = 1;
  int64_t vocab_size = 1000;   // random ids stay below it
  bool ask_token_ids = false;  // our own servers then send an event for each token, text or not
};

// Request number `index` of the run; the same one for the same options.
http::ClientRequest MakeRequest(const WorkloadOptions& options, uint64_t index);

}  // namespace pano::load
