#pragma once

#include <cstdint>
#include <optional>
#include <stop_token>
#include <string>
#include <vector>

#include "base/json.h"
#include "base/result.h"
#include "pano/chat/sampling.h"
#include "pano/chat/thinking.h"

namespace pano::chat {

// The reason of a failure that a shorter conversation would not have.
inline constexpr char kContextFull[] = "context_length_exceeded";

// How an answer ended.
struct AnswerEnd {
  std::string reason = {};  // "stop", "length", "cancelled" (by the person), or what the server says
  std::optional<int64_t> prompt_tokens = {}, answer_tokens = {};  // where they are known
  std::optional<double> first_seconds = {};             // until the first token
  std::optional<double> tokens_per_second = {};         // of the answer
};

// Who answers: a model of this process, or a server. Confined to one thread.
class Backend {
 public:
  virtual ~Backend() = default;

  virtual std::string model() const = 0;
  // Tokens that conversation and answer may have together, where that is known.
  virtual std::optional<int64_t> context_max() const = 0;
  // Of the conversation as the model gets it. Unimplemented where nobody can tell.
  virtual Result<int64_t> CountTokens(const json::Value& messages) = 0;

  // Answers `messages` ([{"role","content"}...]) piece by piece. A stop that was requested is no
  // failure: the end says "cancelled". A failure with the reason kContextFull: too long.
  virtual Result<AnswerEnd> Ask(const json::Value& messages, const Sampling& sampling,
                                ThinkingSplitter& answer, const std::stop_token& stop) = 0;

  // What Use takes, as far as that is known.
  virtual Result<std::vector<std::string>> ListModels() = 0;
  // From now on another model answers; after a failure or a stop, still the one before.
  virtual Status Use(const std::string& model, const std::stop_token& stop) = 0;
};

}  // namespace pano::chat
