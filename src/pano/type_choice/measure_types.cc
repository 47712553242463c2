#include "pano/type_choice/measure_types.h"

#include <algorithm>
#include <chrono>
#include <filesystem>
#include <map>
#include <memory>
#include <set>
#include <utility>

#include "base/env.h"
#include "base/strings.h"
#include "base/threads.h"
#include "model/convert/convert.h"
#include "model/format/weights.h"
#include "model/nn/encoder/encoder.h"
#include "model/nn/load.h"
#include "model/nn/perplexity.h"
#include "model/quant/quantize.h"
#include "model/tokenizer/formats/load.h"
#include "model/tokenizer/tokenizer.h"
#include "pano/bench/decoder_bench.h"
#include "pano/type_choice/built_in_text.h"

namespace pano::type_choice {
namespace {

constexpr int64_t kWindow = 512;           // in which errors are measured
constexpr int64_t kTimedPromptMax = 512;   // longer prompts are timed by as many tokens
constexpr int64_t kTimedTokens = 16;       // that are decoded
constexpr int64_t kRoundsMax = 3;
constexpr std::chrono::seconds kRoundsTime{60};

struct Rates {
  std::vector<double> prefill, decode;
};

double Median(std::vector<double> values) { return bench::RateOf(std::move(values)).median; }

// What most of the source's bytes are: "bf16", or "q4_K, q6_K".
std::string TypesOf(const format::ModelFiles& files) {
  std::map<std::string, uint64_t> bytes;
  uint64_t all = 0;
  for (const std::string& name : files.weights->Names()) {
    const tensor::TensorView& view = *files.weights->Find(name);
    bytes[ToLower(tensor::Describe(view.dtype).name)] += view.bytes;
    all += view.bytes;
  }
  std::string out;
  for (const auto& [type, count] : bytes) {
    if (count * 10 < all) continue;
    out += StrCat(out.empty() ? "" : ", ", type);
  }
  return out;
}

class Measurement {
 public:
  Measurement(const MeasureRequest& request, ComputePool& pool) : request_(request), pool_(pool) {}

  Result<Measurements> Run() {
    PANO_RETURN_IF_ERROR(OpenSource());
    PANO_RETURN_IF_ERROR(ReadText());
    for (const std::string& type : request_.types) PANO_RETURN_IF_ERROR(Write(type));
    PANO_RETURN_IF_ERROR(MeasureErrors());
    PANO_RETURN_IF_ERROR(MeasureRates());
    return std::move(out_);
  }

 private:
  // A candidate, or the source, ready to step; null where it could not be written.
  struct Loaded {
    Candidate* candidate = nullptr;
    format::ModelFiles files = {};
    std::unique_ptr<nn::Model> model = nullptr;
    Rates rates = {};
  };

  void Tell(std::string_view next) {
    const auto steps = static_cast<double>(2 * (request_.types.size() + 1) +
                                           static_cast<size_t>(kRoundsMax));
    if (request_.progress) request_.progress(static_cast<double>(steps_done_) / steps, next);
    ++steps_done_;
  }

  Status OpenSource() {
    PANO_ASSIGN_OR_RETURN(source_, format::OpenModel(request_.model));
    if (encoder::IsEncoder(source_)) {
      return Unimplemented(StrCat(request_.model,
                                  ": is an encoder, whose error is not measured; name the type"));
    }
    out_.model = request_.model;
    out_.source.type = TypesOf(source_);
    if (source_.kind == format::ModelFiles::Kind::kHuggingFace) return {};
    Tell("reading");
    out_.model = JoinPath(request_.scratch, "source");
    return convert::Convert({.model = request_.model,
                             .out = out_.model,
                             .to = convert::Form::kHuggingFace,
                             .type = tensor::DType::kF32,
                             .overwrite = false})
        .status();
  }

  Status ReadText() {
    const auto tokenizer = tokenizer::LoadTokenizer(source_);
    if (!tokenizer.ok()) {
      if (tokenizer.error().code() != StatusCode::kNotFound) return tokenizer.error();
      return InvalidArgument(StrCat(
          request_.model, ": has no tokenizer, so no error can be measured on text; name the type"));
    }
    const std::string_view text = request_.text.empty() ? BuiltInText() : request_.text;
    PANO_ASSIGN_OR_RETURN(ids_, (*tokenizer)->Encode(text));
    if (ids_.size() < kTextTokensMin) {
      return InvalidArgument(StrCat("the text has ", ids_.size(), " tokens; an error needs at least ",
                                    kTextTokensMin));
    }
    ids_.resize(std::min(ids_.size(), kTextTokensMax));
    return {};
  }

  std::string FolderOf(const std::string& type) const { return JoinPath(request_.scratch, type); }

  // A type that the model cannot be written in is a candidate with a reason; a disk that is full, or a
  // file that is cut short, ends it all.
  Status Write(const std::string& type) {
    Tell(StrCat("writing ", type));
    Candidate& candidate = out_.candidates.emplace_back();
    candidate.type = type;
    PANO_ASSIGN_OR_RETURN(const tensor::DType dtype, quant::TypeByName(type));
    const Result<quant::Report> report =
        quant::Quantize({.model = out_.model, .out = FolderOf(type), .type = dtype}, pool_);
    if (report.ok()) {
      candidate.bits_per_weight = 8.0 * static_cast<double>(report->matrix_bytes) /
                                  static_cast<double>(report->parameters);
      return {};
    }
    PANO_RETURN_IF_ERROR(source_.weights->CheckUnchanged());
    const StatusCode code = report.error().code();
    if (code != StatusCode::kUnimplemented && code != StatusCode::kCorruption) {
      return report.error();
    }
    candidate.unusable = report.error().message();
    return {};
  }

  Status Load(Candidate& candidate, const std::string& path) {
    Loaded& loaded = loaded_.emplace_back();
    loaded.candidate = &candidate;
    PANO_ASSIGN_OR_RETURN(loaded.files, format::OpenModel(path));
    PANO_ASSIGN_OR_RETURN(loaded.model, nn::LoadModel(loaded.files, {}, pool_));
    return {};
  }

  Status MeasureErrors() {
    PANO_RETURN_IF_ERROR(Load(out_.source, request_.model));
    for (Candidate& candidate : out_.candidates) {
      if (!candidate.unusable.empty()) continue;
      PANO_RETURN_IF_ERROR(Load(candidate, FolderOf(candidate.type)));
    }
    PANO_ASSIGN_OR_RETURN(
        const auto exact,
        nn::LoadModel(source_, {.compute = nn::Compute::kF32, .kv_type = nn::KvType::kF32}, pool_));
    const int64_t window = std::min(exact->context_length(), kWindow);
    for (Loaded& loaded : loaded_) {
      Tell(StrCat("error of ", loaded.candidate->type));
      PANO_ASSIGN_OR_RETURN(
          const nn::Divergence error,
          nn::MeasureDivergence(*exact, *loaded.model, ids_, window, window));
      loaded.candidate->mean_kl = error.mean_kl();
      loaded.candidate->perplexity_ratio = error.model.value() / error.reference.value();
      out_.text_tokens = error.model.tokens;
    }
    return source_.weights->CheckUnchanged();
  }

  // Candidates in turn, so that a machine that slows down does so for all of them.
  Status MeasureRates() {
    const int64_t context = loaded_.front().model->context_length();
    const int64_t prompt =
        std::min({request_.work.prompt_tokens, kTimedPromptMax, context - kTimedTokens});
    if (prompt < 1) {
      return InvalidArgument(StrCat("a context of ", context, " is too short to time anything in"));
    }
    out_.prompt_tokens = prompt;
    bench::DecoderOptions first{.prompt_tokens = std::min<int64_t>(prompt, 64),
                                .gen_tokens = 2,
                                .batches = {1},
                                .repetitions = 1};
    for (Loaded& loaded : loaded_) {   // pages, frequencies and threads awake
      PANO_RETURN_IF_ERROR(bench::MeasureDecoder(*loaded.model, pool_, first, Silent()).status());
    }
    const auto begin = std::chrono::steady_clock::now();
    for (; out_.rounds < kRoundsMax; ++out_.rounds) {
      const auto taken = std::chrono::steady_clock::now() - begin;
      if (out_.rounds > 0 && taken * (out_.rounds + 1) > kRoundsTime * out_.rounds) break;
      Tell("timing");
      for (Loaded& loaded : loaded_) PANO_RETURN_IF_ERROR(TimeOnce(loaded, prompt));
    }
    for (Loaded& loaded : loaded_) {
      loaded.candidate->prefill = Median(loaded.rates.prefill);
      loaded.candidate->decode = Median(loaded.rates.decode);
    }
    return {};
  }

  Status TimeOnce(Loaded& loaded, int64_t prompt) {
    const bench::DecoderOptions options{.prompt_tokens = prompt,
                                        .gen_tokens = kTimedTokens,
                                        .batches = {1},
                                        .repetitions = 1};
    PANO_ASSIGN_OR_RETURN(const bench::DecoderRates rates,
                          bench::MeasureDecoder(*loaded.model, pool_, options, Silent()));
    loaded.rates.prefill.push_back(rates.prefill.tokens_per_second.median);
    loaded.rates.decode.push_back(rates.decode.front().tokens_per_second.median);
    return {};
  }

  static bench::OnProgress Silent() {
    return [](double, std::string_view) {};
  }

  const MeasureRequest& request_;
  ComputePool& pool_;
  Measurements out_;
  format::ModelFiles source_;
  std::vector<nn::TokenId> ids_;
  std::vector<Loaded> loaded_;
  size_t steps_done_ = 0;
};

}  // namespace

Result<Measurements> MeasureTypes(const MeasureRequest& request, ComputePool& pool) {
  return Measurement(request, pool).Run();
}

}  // namespace pano::type_choice
