#pragma once

#include <string>
#include <vector>

#include "app/api/call.h"
#include "app/api/context.h"
#include "app/inference/signature.h"
#include "base/result.h"

namespace pano::inference {

// What a model is, to whoever asks for its metadata or configuration. A value.
struct ModelDescription {
  std::string name;
  std::string version;                // the one that was asked for
  std::vector<std::string> versions;  // those that are loaded
  std::string platform;               // "panorama_generation", "panorama_embedding", ...
  bool streams = false;               // its answers come in pieces, too
  int64_t batch_max = 0;              // rows of one request
  Signature signature;
};

Result<ModelDescription> Describe(const api::Context& context, const api::Call& call);

}  // namespace pano::inference
