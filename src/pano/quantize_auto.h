#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "base/abandoned_files.h"
#include "base/fwd.h"
#include "base/json.h"
#include "base/options.h"
#include "base/result.h"
#include "pano/type_choice/choose_type.h"
#include "pano/type_choice/measure_types.h"

namespace pano::cli {

// `--to auto`: by what the type is chosen.
struct AutoTypeOptions {
  std::optional<double> max_kl, max_perplexity_ratio;
  std::optional<int64_t> prompt_tokens, gen_tokens;
  std::string text_file;   // empty: the built-in text
  std::string candidates;  // names, divided by commas; empty: all types

  void Declare(OptionSet& options);
  bool any() const;  // whether one of them was given
  type_choice::Bounds Bounds() const;
  type_choice::Work Work() const;
  Result<std::vector<std::string>> Types() const;
};

// A folder beside `target`, gone with this; what a killed process left goes with the next that writes
// `target`. Thread-compatible.
class ScratchFolder {
 public:
  static Result<ScratchFolder> Beside(const std::string& target);
  ScratchFolder(ScratchFolder&& other) noexcept;
  ScratchFolder& operator=(ScratchFolder&&) = delete;
  ~ScratchFolder();
  const std::string& path() const { return path_; }

 private:
  explicit ScratchFolder(std::string path) : path_(std::move(path)), mark_(path_) {}
  std::string path_;  // empty: moved from
  WriteMark mark_;
};

struct AutoType {
  std::optional<std::string> type;  // none: no type meets the bounds
  std::string why_nothing;          // then
  std::string model;                // what to quantise; may lie in the scratch folder
  json::Value report;               // as type_choice::ToJson
};

// Measures and chooses; writes into `scratch` alone.
Result<AutoType> ChooseAutoType(const std::string& model, const std::string& scratch,
                                const AutoTypeOptions& options, ComputePool& pool);

}  // namespace pano::cli
