#include "app/api/ollama/dialect.h"

#include <utility>
#include <vector>

#include "app/api/ollama/bodies.h"
#include "app/api/ollama/chat.h"
#include "app/api/ollama/embed.h"
#include "app/api/ollama/errors.h"
#include "app/api/ollama/generate.h"
#include "app/api/ollama/model_names.h"
#include "app/api/ollama/models.h"
#include "app/api/ollama/refused.h"

namespace pano::api::ollama {
namespace {

constexpr Access kPredict = Access::ModelInBody(auth::Permission::kPredict);
constexpr Access kRead = Access::ModelInBody(auth::Permission::kRead);

}  // namespace

Dialect MakeDialect() {
  std::vector<Route> routes = {
      {"POST", "/api/chat", kPredict, Chat, "ollamaChat", "Ollama's chat, line by line or whole.",
       "OllamaChatRequest", "OllamaChatAnswer"},
      {"POST", "/api/generate", kPredict, Generate, "ollamaGenerate", "Ollama's answer to one prompt.",
       "OllamaGenerateRequest", "OllamaGenerateAnswer"},
      {"POST", "/api/embed", kPredict, Embed, "ollamaEmbed", "Ollama's embeddings of texts.", "OllamaEmbedRequest",
       "OllamaEmbedAnswer"},
      {"POST", "/api/embeddings", kPredict, Embeddings, "ollamaEmbeddings", "The older form, of one text.",
       "OllamaEmbeddingsRequest", "OllamaEmbeddingsAnswer"},
      {"POST", "/api/show", kRead, Show, "ollamaShow", "What is known of a model.", "OllamaShowRequest",
       "OllamaShowAnswer"},
      {"GET", "/api/tags", Access::kCaller, Tags, "ollamaTags", "The models that are served, in Ollama's shape.", "",
       "OllamaModels"},
      {"GET", "/api/ps", Access::kCaller, Running, "ollamaPs", "The models that are loaded.", "", "OllamaModels"},
      {"GET", "/api/version", Access::kCaller, Version, "ollamaVersion", "The version of Ollama's API.", "",
       "OllamaVersion"},
      {"POST", "/api/pull", Access::kCaller, Refuse, "ollamaPull", "Not supported: 501.", "OllamaRefused"},
      {"POST", "/api/push", Access::kCaller, Refuse, "ollamaPush", "Not supported: 501.", "OllamaRefused"},
      {"POST", "/api/create", Access::kCaller, Refuse, "ollamaCreate", "Not supported: 501.", "OllamaRefused"},
      {"POST", "/api/copy", Access::kCaller, Refuse, "ollamaCopy", "Not supported: 501.", "OllamaRefused"},
      {"DELETE", "/api/delete", Access::kCaller, Refuse, "ollamaDelete", "Not supported: 501."},
  };
  for (Route& route : routes) {
    if (route.access.kind == Access::Kind::kModel) route.prepare = PrepareModelName;
  }
  return {.name = "ollama", .routes = std::move(routes), .schemas = Schemas(), .error_body = ErrorBodyJson};
}

}  // namespace pano::api::ollama
