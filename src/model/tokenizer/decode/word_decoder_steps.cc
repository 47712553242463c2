#include <array>
#include <string_view>
#include <utility>

#include "model/tokenizer/decode/decoder_steps.h"

namespace pano::tokenizer {
namespace {

std::string ReplaceAll(std::string_view text, std::string_view from, std::string_view to) {
  std::string out;
  for (size_t at = text.find(from); at != std::string_view::npos; at = text.find(from)) {
    out += text.substr(0, at);
    out += to;
    text.remove_prefix(at + from.size());
  }
  out += text;
  return out;
}

std::string Cleanup(std::string text) {
  constexpr std::array<std::pair<std::string_view, std::string_view>, 11> kRules = {{
      {" .", "."}, {" ?", "?"}, {" !", "!"}, {" ,", ","}, {" ' ", "'"}, {" n't", "n't"}, {" 'm", "'m"},
      {" do not", " don't"}, {" 's", "'s"}, {" 've", "'ve"}, {" 're", "'re"},
  }};
  if (text.find(' ') == std::string::npos) return text;
  for (const auto& [from, to] : kRules) text = ReplaceAll(text, from, to);
  return text;
}

class WordPiece : public DecoderStep {
 public:
  WordPiece(std::string prefix, bool cleanup) : prefix_(std::move(prefix)), cleanup_(cleanup) {}
  std::unique_ptr<DecoderStage> Start(bool) const override { return std::make_unique<Stage>(*this); }
  std::string Inner(std::string piece) const override { return Rewrite(piece, /*first=*/false); }

 private:
  class Stage : public DecoderStage {
   public:
    explicit Stage(const WordPiece& step) : step_(step) {}
    void Push(std::string_view piece, std::vector<std::string>& out) override {
      out.push_back(step_.Rewrite(piece, std::exchange(first_, false)));
    }
    void Flush(std::vector<std::string>&) override {}

   private:
    const WordPiece& step_;
    bool first_ = true;
  };

  std::string Rewrite(std::string_view piece, bool first) const {
    std::string text;
    if (first) {
      text = piece;
    } else if (piece.starts_with(prefix_)) {
      text = piece.substr(prefix_.size());
    } else {
      text = ' ';
      text += piece;
    }
    return cleanup_ ? Cleanup(std::move(text)) : text;
  }

  const std::string prefix_;
  const bool cleanup_;
};

class WordEnd : public DecoderStep {
 public:
  explicit WordEnd(std::string suffix) : suffix_(std::move(suffix)) {}
  std::unique_ptr<DecoderStage> Start(bool) const override { return std::make_unique<Stage>(*this); }
  std::string Inner(std::string piece) const override { return ReplaceAll(piece, suffix_, " "); }

 private:
  // What follows the first suffix of a piece waits for the next, as the suffix is nothing in the last.
  class Stage : public DecoderStage {
   public:
    explicit Stage(const WordEnd& step) : step_(step) {}
    void Push(std::string_view piece, std::vector<std::string>& out) override {
      const size_t at = piece.find(step_.suffix_);
      const size_t certain = at == std::string_view::npos ? piece.size() : at;
      out.push_back(ReplaceAll(held_, step_.suffix_, " ").append(piece.substr(0, certain)));
      held_ = piece.substr(certain);
    }
    void Flush(std::vector<std::string>& out) override {
      out.push_back(ReplaceAll(std::exchange(held_, {}), step_.suffix_, ""));
    }

   private:
    const WordEnd& step_;
    std::string held_;
  };

  const std::string suffix_;
};

}  // namespace

DecoderStepPtr WordPieceStep(std::string prefix, bool cleanup) {
  return std::make_shared<WordPiece>(std::move(prefix), cleanup);
}

DecoderStepPtr WordEndStep(std::string suffix) { return std::make_shared<WordEnd>(std::move(suffix)); }

}  // namespace pano::tokenizer
