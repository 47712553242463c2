#include "app/models/paced/paced_model.h"

#include <memory>
#include <utility>

#include "app/models/generator.h"
#include "app/models/paced/paced_engine.h"
#include "app/models/paced/paced_tokenizer.h"
#include "base/strings.h"

namespace pano::models {
namespace {

constexpr std::string_view kPrefix = "fake:";

}  // namespace

bool IsPacedPath(std::string_view path) { return path.starts_with(kPrefix); }

Result<Duration> ParsePacedPath(std::string_view path) {
  constexpr double kMsMax = 60'000;
  const std::string_view text = IsPacedPath(path) ? path.substr(kPrefix.size()) : std::string_view();
  const std::optional<double> ms = ParseDouble(text);
  if (!ms || !(*ms >= 0 && *ms <= kMsMax)) {
    return InvalidArgument(StrCat("'", Printable(path), "' is no model: fake:MS says a token every MS "
                                  "milliseconds, 0 to ", static_cast<int64_t>(kMsMax)));
  }
  return std::chrono::duration_cast<Duration>(std::chrono::duration<double, std::milli>(*ms));
}

Result<ModelVersionPtr> MakePacedModel(const ModelSource& source) {
  PacedEngine::Options options;
  PANO_ASSIGN_OR_RETURN(options.interval, ParsePacedPath(source.path));
  auto tokenizer = std::make_shared<const PacedTokenizer>();
  auto version = std::make_shared<Generator>();
  version->id = source.id;
  version->label = source.id;
  version->path = source.path;
  version->created = Clock::Real().UnixSeconds();
  version->tokenizer = tokenizer;
  version->vocab_size = tokenizer->vocab_size();
  version->context_length = options.context_max;
  version->text_bytes_max = 4 * static_cast<size_t>(options.context_max);
  version->engine = std::make_unique<PacedEngine>(options, std::move(tokenizer));
  return ModelVersionPtr(std::move(version));
}

}  // namespace pano::models
