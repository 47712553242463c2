#pragma once

#include <deque>
#include <functional>
#include <string>
#include <vector>

#include "base/strings.h"
#include "pano/chat/backend.h"

namespace pano::chat {

// Answers as a test says; a token is a byte of the messages' contents. Confined to one thread.
class ScriptedBackend final : public Backend {
 public:
  struct Step {
    std::string text;          // what is answered
    Status failure = {};       // after the text
    std::string reason = "stop";
    std::function<void()> before = {};
  };
  std::deque<Step> steps;              // taken one by one; without one: the user's last message
  std::vector<json::Value> asked;      // what came, in order
  std::optional<int64_t> context;
  bool counts = true;
  Status use_failure;

  std::string model() const override { return model_; }
  std::optional<int64_t> context_max() const override { return context; }
  Result<int64_t> CountTokens(const json::Value& messages) override {
    if (!counts) return Unimplemented("nobody counts");
    return Count(messages);
  }
  Result<AnswerEnd> Ask(const json::Value& messages, const Sampling&, ThinkingSplitter& answer,
                        const std::stop_token& stop) override {
    asked.push_back(messages);
    if (context && Count(messages) >= *context) {
      return InvalidArgument("too long").WithReason(kContextFull);
    }
    Step step;
    if (steps.empty()) {
      step.text = "re: " + messages.as_array().back().Find("content")->as_string();
    } else {
      step = std::move(steps.front());
      steps.pop_front();
    }
    if (step.before) step.before();
    answer.Push(step.text);
    if (!step.failure.ok()) return step.failure;
    const auto tokens = static_cast<int64_t>(step.text.size());
    return AnswerEnd{stop.stop_requested() ? "cancelled" : step.reason, Count(messages), tokens, 0.5,
                     10.0};
  }
  Result<std::vector<std::string>> ListModels() override {
    return std::vector<std::string>{"one", "two"};
  }
  Status Use(const std::string& model, const std::stop_token&) override {
    if (!use_failure.ok()) return use_failure;
    model_ = model;
    return {};
  }

 private:
  static int64_t Count(const json::Value& messages) {
    int64_t count = 0;
    for (const json::Value& message : messages.as_array()) {
      count += static_cast<int64_t>(message.Find("content")->as_string().size());
    }
    return count;
  }
  std::string model_ = "one";
};

}  // namespace pano::chat
