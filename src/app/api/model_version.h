#pragma once

#include <cstdint>
#include <memory>
#include <string>

#include "base/clock.h"
#include "model/batch/predictor.h"
#include "model/engine/engine.h"
#include "model/nn/load.h"
#include "model/nn/model.h"
#include "model/template/chat_template.h"
#include "model/tokenizer/tokenizer.h"

namespace pano::api {

// One version of a model, ready to answer: it generates with an engine, or looks at whole inputs
// with a predictor. Immutable once it is in the host, apart from these, which are thread-safe.
struct ModelVersion {
  std::string id;
  std::string version = "1";
  std::string label;  // in metrics: id, or id@version where it has several
  std::string path;
  int64_t created = 0;         // Unix seconds, when it was loaded
  int64_t vocab_size = 0;      // 0: takes no text
  int64_t context_length = 0;  // tokens of one input; 0: takes no text
  // Longer texts cannot fit into the context whatever they are; 0: not known.
  size_t text_bytes_max = 0;

  tokenizer::TokenizerPtr tokenizer;     // null: no text in or out
  jinja::ChatTemplatePtr chat_template;  // null: contents are joined by newlines
  std::string chat_template_error;       // it has a template that does not parse: chat is refused
  nn::GenerationDefaults defaults;

  // The engine borrows the models: declared after them, it goes first.
  std::unique_ptr<nn::Model> model;
  std::unique_ptr<nn::Model> draft_model;  // null: no second model guesses ahead
  std::unique_ptr<engine::Engine> engine;
  // In place of model and engine.
  std::unique_ptr<batch::Predictor> predictor;

  std::string FullName() const { return id + "@" + version; }
  serving::Service& service() const {
    if (engine) return *engine;
    return *predictor;
  }
};

using ModelVersionPtr = std::shared_ptr<const ModelVersion>;

}  // namespace pano::api
