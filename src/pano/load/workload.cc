#include "pano/load/workload.h"

#include <array>
#include <string_view>

#include "base/json.h"
#include "base/random.h"
#include "base/strings.h"

namespace pano::load {
namespace {

constexpr std::array<std::string_view, 32> kWords = {
    "the",   "river",  "small", "stone", "walks", "under", "green", "light",
    "a",     "friend", "sings", "old",   "house", "near",  "water", "and",
    "wind",  "takes",  "slow",  "paper", "bread", "to",    "blue",  "hill",
    "child", "asks",   "why",   "night", "comes", "so",    "early", "today"};

std::string Words(Random& random, int64_t count) {
  std::string text;
  for (int64_t i = 0; i < count; ++i) {
    if (i > 0) text.push_back(' ');
    text.append(kWords[random.Below(kWords.size())]);
  }
  return text;
}

json::Value TokenIds(Random& random, int64_t count, int64_t vocab_size) {
  json::Array ids;
  for (int64_t i = 0; i < count; ++i) {
    ids.emplace_back(static_cast<int64_t>(random.Below(static_cast<uint64_t>(vocab_size))));
  }
  return ids;
}

json::Value OpenAiBody(const WorkloadOptions& options, Random& random) {
  json::Value body;
  body.Set("model", options.model);
  if (options.text) {
    body.Set("prompt", Words(random, options.prompt_tokens));
  } else {
    body.Set("prompt", TokenIds(random, options.prompt_tokens, options.vocab_size));
  }
  body.Set("max_tokens", options.max_tokens);
  body.Set("temperature", 1.0);
  body.Set("seed", static_cast<int64_t>(random.Below(1u << 31)));
  if (options.ignore_eos) body.Set("ignore_eos", true);
  if (options.ask_token_ids) body.Set("return_token_ids", true);
  body.Set("stream", true);
  json::Value stream_options;
  stream_options.Set("include_usage", true);
  body.Set("stream_options", std::move(stream_options));
  return body;
}

json::Value PredictBody(const WorkloadOptions& options, Random& random) {
  json::Value parameters;
  parameters.Set("max_tokens", options.max_tokens);
  parameters.Set("temperature", 1.0);
  parameters.Set("seed", static_cast<int64_t>(random.Below(1u << 31)));
  if (options.ignore_eos) parameters.Set("ignore_eos", true);
  json::Value body;
  body.Set("inputs", Words(random, options.prompt_tokens));
  body.Set("parameters", std::move(parameters));
  body.Set("stream", true);
  return body;
}

json::Value EmbeddingsBody(const WorkloadOptions& options, Random& random) {
  json::Value body;
  body.Set("model", options.model);
  if (options.text) {
    body.Set("input", Words(random, options.prompt_tokens));
  } else {
    body.Set("input", TokenIds(random, options.prompt_tokens, options.vocab_size));
  }
  body.Set("encoding_format", "base64");
  if (options.priority > 0) body.Set("priority", options.priority);
  return body;
}

}  // namespace

std::string_view DialectName(Dialect dialect) {
  switch (dialect) {
    case Dialect::kOpenAi:
      return "openai";
    case Dialect::kPredict:
      return "predict";
    case Dialect::kEmbeddings:
      return "embeddings";
  }
  return "openai";
}

http::ClientRequest MakeRequest(const WorkloadOptions& options, uint64_t index) {
  Random random(Philox(options.seed, index, 0)[0] | uint64_t{Philox(options.seed, index, 1)[0]}
                                                        << 32);
  http::ClientRequest request;
  request.method = "POST";
  request.headers = {{"Content-Type", "application/json"}, {"Accept", "text/event-stream"}};
  if (!options.api_key.empty()) {
    request.headers.emplace_back("Authorization", StrCat("Bearer ", options.api_key));
  }
  if (options.dialect == Dialect::kEmbeddings) {
    request.headers[1].second = "application/json";
    request.target = "/v1/embeddings";
    request.body = json::Dump(EmbeddingsBody(options, random));
  } else if (options.dialect == Dialect::kOpenAi) {
    request.target = "/v1/completions";
    request.body = json::Dump(OpenAiBody(options, random));
  } else {
    request.target = StrCat("/v1/models/", options.model, "/predict");
    request.body = json::Dump(PredictBody(options, random));
  }
  return request;
}

}  // namespace pano::load
