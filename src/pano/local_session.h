#pragma once

#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "base/json.h"
#include "base/result.h"
#include "model/engine/engine.h"
#include "model/template/chat_template.h"
#include "pano/chat/sampling.h"
#include "pano/local_model.h"

namespace pano::cli {

struct LocalSessionOptions {
  LocalModelOptions model;
  SpeculationSettings speculation;
  int64_t context = 0;  // in tokens; 0: the model's

  void Declare(OptionSet& options);
};

// A conversation as the model gets it.
struct EncodedChat {
  std::vector<nn::TokenId> ids;
  std::string text;  // what the template wrote; "" where the model has none
};

// A model of this process with its engine, for one request after the other: what `pano run` and
// `pano chat` share. Confined to one thread.
class LocalSession {
 public:
  static Result<std::unique_ptr<LocalSession>> Create(const LocalSessionOptions& options);

  const LocalModel& local() const { return local_; }
  engine::Engine& engine() { return *engine_; }
  // Unavailable when a file of the model was changed in place since it was loaded.
  Status CheckFiles() const { return local_.files.weights->CheckUnchanged(); }
  int64_t context_max() const { return engine_->context_max(); }

  // The text's ids. InvalidArgument where the model has no tokenizer.
  Result<std::vector<nn::TokenId>> EncodeText(std::string_view text) const;
  // `messages`: an array of {"role", "content"}. By the model's chat template; without one the
  // contents are joined by newlines.
  Result<EncodedChat> EncodeChat(const json::Value& messages);
  // With the model's own sampling where the settings are silent.
  engine::Request MakeRequest(const chat::Sampling& sampling,
                              std::vector<nn::TokenId> prompt) const;

 private:
  LocalModel local_;
  nn::GenerationDefaults defaults_;
  jinja::ChatTemplatePtr template_;      // null until EncodeChat parsed it
  std::unique_ptr<nn::Model> draft_;     // null: none
  std::unique_ptr<engine::Engine> engine_;  // borrows the models: declared last, it goes first
};

}  // namespace pano::cli
