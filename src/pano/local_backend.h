#pragma once

#include <memory>
#include <string>
#include <vector>

#include "pano/chat/backend.h"
#include "pano/local_session.h"

namespace pano::cli {

// A model of this process answers a chat. Confined to one thread.
class LocalBackend final : public chat::Backend {
 public:
  static Result<std::unique_ptr<LocalBackend>> Create(LocalSessionOptions options);

  std::string model() const override;
  std::optional<int64_t> context_max() const override { return session_->context_max(); }
  Result<int64_t> CountTokens(const json::Value& messages) override;
  Result<chat::AnswerEnd> Ask(const json::Value& messages, const chat::Sampling& sampling,
                              chat::ThinkingSplitter& answer,
                              const std::stop_token& stop) override;
  Result<std::vector<std::string>> ListModels() override;
  // A path or hf:ORG/NAME. Both models are in memory until the new one answers.
  Status Use(const std::string& model, const std::stop_token& stop) override;

 private:
  LocalBackend(LocalSessionOptions options, std::unique_ptr<LocalSession> session)
      : options_(std::move(options)), session_(std::move(session)) {
    if (options_.model.path.starts_with("hf:")) name_ = options_.model.path;
  }

  LocalSessionOptions options_;
  std::string name_;  // what it was asked for, where that is no path
  std::unique_ptr<LocalSession> session_;
};

}  // namespace pano::cli
