#pragma once

#include <string>

#include "app/models/testing/fake_tokenizer.h"
#include "model/engine/request.h"

namespace pano::api::testing {

// The prompt that a fake engine was given, as the text that a fake tokenizer made its tokens from.
inline std::string PromptText(const engine::Request& request) {
  return models::testing::FakeTokenizer().Decode(request.prompt, /*skip_special=*/false).value();
}

}  // namespace pano::api::testing
