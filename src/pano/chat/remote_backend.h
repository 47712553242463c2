#pragma once

#include <chrono>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "base/transport.h"
#include "pano/chat/backend.h"
#include "pano/chat/http_caller.h"

namespace pano::chat {

struct RemoteOptions {
  std::string url = {};      // of the server, with or without "/v1" at the end
  std::string model = {};    // "": the first that the server lists
  std::string api_key = {};  // "": none
  std::chrono::milliseconds timeout{600'000};  // without a byte
};

// A server with OpenAI's API answers a chat (/v1/chat/completions as server-sent events). What it sends
// is bounded and believed in nothing. Confined to one thread.
class RemoteBackend final : public Backend {
 public:
  // Asks for the server's models. InvalidArgument for a URL that is none, Unauthenticated where it wants
  // a key, Unavailable where nobody answers.
  static Result<std::unique_ptr<RemoteBackend>> Create(RemoteOptions options,
                                                       Transport& transport = Transport::Real());

  std::string model() const override { return options_.model; }
  std::optional<int64_t> context_max() const override { return context_; }
  // Servers of pano count (/v1/tokenize); others say Unimplemented.
  Result<int64_t> CountTokens(const json::Value& messages) override;
  Result<AnswerEnd> Ask(const json::Value& messages, const Sampling& sampling,
                        ThinkingSplitter& answer, const std::stop_token& stop) override;
  Result<std::vector<std::string>> ListModels() override;
  Status Use(const std::string& model, const std::stop_token& stop) override;

 private:
  struct Listed {
    std::string id;
    std::optional<int64_t> context;
    bool generates = true;
  };
  RemoteBackend(RemoteOptions options, std::unique_ptr<HttpCaller> caller)
      : options_(std::move(options)), caller_(std::move(caller)) {}

  Result<std::vector<Listed>> FetchModels(const std::stop_token& stop);
  HttpCall Call(std::string_view path, std::string body) const;
  Status Refused(const HttpReply& reply) const;

  RemoteOptions options_;
  const std::unique_ptr<HttpCaller> caller_;
  std::optional<int64_t> context_;
  bool counts_ = true;  // until it says that it does not
};

}  // namespace pano::chat
