#include "model/tokenizer/decode/decoder_steps.h"

#include <algorithm>
#include <optional>
#include <utility>

#include "base/utf8.h"
#include "model/tokenizer/text/byte_level.h"
#include "model/tokenizer/text/byte_piece.h"

namespace pano::tokenizer {
namespace {

constexpr std::string_view kReplacement = "\xef\xbf\xbd";   // U+FFFD

// A step that looks at each piece alone.
template <typename Rewrite>
class PieceStep : public DecoderStep {
 public:
  explicit PieceStep(Rewrite rewrite) : rewrite_(std::move(rewrite)) {}
  std::unique_ptr<DecoderStage> Start(bool) const override { return std::make_unique<Stage>(rewrite_); }
  std::string Inner(std::string piece) const override { return rewrite_(std::move(piece)); }

 private:
  class Stage : public DecoderStage {
   public:
    explicit Stage(const Rewrite& rewrite) : rewrite_(rewrite) {}
    void Push(std::string_view piece, std::vector<std::string>& out) override {
      out.push_back(rewrite_(std::string(piece)));
    }
    void Flush(std::vector<std::string>&) override {}

   private:
    const Rewrite& rewrite_;
  };
  const Rewrite rewrite_;
};

template <typename Rewrite>
DecoderStepPtr MakePieceStep(Rewrite rewrite) {
  return std::make_shared<PieceStep<Rewrite>>(std::move(rewrite));
}

class ByteFallback : public DecoderStep {
 public:
  std::unique_ptr<DecoderStage> Start(bool early) const override {
    return std::make_unique<Stage>(early);
  }
  std::string Inner(std::string piece) const override {
    const auto byte = ByteOfPiece(piece);
    return byte ? std::string(1, static_cast<char>(*byte)) : piece;
  }

 private:
  class Stage : public DecoderStage {
   public:
    explicit Stage(bool early) : early_(early) {}

    void Push(std::string_view piece, std::vector<std::string>& out) override {
      const auto byte = ByteOfPiece(piece);
      if (!byte) {
        Flush(out);
        out.emplace_back(piece);
        return;
      }
      run_ += static_cast<char>(*byte);
      if (!early_) return;
      if (!broken_ && Utf8Valid(run_)) {
        out.push_back(std::exchange(run_, {}));
      } else if (broken_ || Utf8IncompleteTail(run_) != run_.size()) {
        broken_ = true;   // whatever comes, the run is ill-formed
        Replace(out);
      }
    }
    void Flush(std::vector<std::string>& out) override {
      if (!broken_ && Utf8Valid(run_)) {
        if (!run_.empty()) out.push_back(std::exchange(run_, {}));
      } else {
        Replace(out);
      }
      broken_ = false;
    }

   private:
    void Replace(std::vector<std::string>& out) {
      out.insert(out.end(), run_.size(), std::string(kReplacement));
      run_.clear();
    }

    const bool early_;
    std::string run_;        // bytes not given out yet
    bool broken_ = false;
  };
};

class Strip : public DecoderStep {
 public:
  Strip(std::string content, size_t start, size_t stop)
      : content_(std::move(content)), start_(start), stop_(stop) {}
  std::unique_ptr<DecoderStage> Start(bool) const override { return std::make_unique<Stage>(*this); }
  std::string Inner(std::string piece) const override { return piece; }

 private:
  class Stage : public DecoderStage {
   public:
    explicit Stage(const Strip& strip) : strip_(strip), left_(strip.start_) {}

    void Push(std::string_view piece, std::vector<std::string>& out) override {
      const std::string& content = strip_.content_;
      while (left_ > 0 && !piece.empty()) {
        if (!piece.starts_with(content)) {
          left_ = 0;
          break;
        }
        piece.remove_prefix(content.size());
        --left_;
      }
      // What ends the text so far may have to go: it waits.
      held_ += piece;
      size_t keep = held_.size();
      for (size_t i = 0; i < strip_.stop_ && std::string_view(held_).substr(0, keep).ends_with(content); ++i) {
        keep -= content.size();
      }
      out.push_back(held_.substr(0, keep));
      held_.erase(0, keep);
    }
    void Flush(std::vector<std::string>&) override { held_.clear(); }

   private:
    const Strip& strip_;
    size_t left_;            // how many may still be dropped in front
    std::string held_;
  };

  const std::string content_;
  const size_t start_;
  const size_t stop_;
};

std::string StripPiece(std::string piece, const std::string& content, size_t start, size_t stop) {
  size_t begin = 0;
  size_t end = piece.size();
  const auto inside = [&] { return std::string_view(piece).substr(begin, end - begin); };
  for (; start > 0 && inside().starts_with(content); --start) begin += content.size();
  for (; stop > 0 && inside().ends_with(content); --stop) end -= content.size();
  return piece.substr(begin, end - begin);
}

std::string ReplaceMark(std::string_view piece, std::string_view mark, std::string_view by) {
  std::string out;
  for (size_t pos = 0; pos < piece.size();) {
    if (piece.substr(pos).starts_with(mark)) {
      out += by;
      pos += mark.size();
    } else {
      out += piece[pos++];
    }
  }
  return out;
}

class Metaspace : public DecoderStep {
 public:
  Metaspace(std::string mark, bool prefix) : mark_(std::move(mark)), prefix_(prefix) {}
  std::unique_ptr<DecoderStage> Start(bool) const override { return std::make_unique<Stage>(*this); }
  std::string Inner(std::string piece) const override { return ReplaceMark(piece, mark_, " "); }

 private:
  class Stage : public DecoderStage {
   public:
    explicit Stage(const Metaspace& step) : step_(step), first_(step.prefix_) {}
    void Push(std::string_view piece, std::vector<std::string>& out) override {
      out.push_back(ReplaceMark(piece, step_.mark_, std::exchange(first_, false) ? "" : " "));
    }
    void Flush(std::vector<std::string>&) override {}

   private:
    const Metaspace& step_;
    bool first_;
  };

  const std::string mark_;
  const bool prefix_;
};

}  // namespace

DecoderStepPtr ByteLevelStep() {
  return MakePieceStep([](std::string piece) { return FromByteLevel(piece).value_or(piece); });
}

DecoderStepPtr ByteFallbackStep() { return std::make_shared<ByteFallback>(); }

DecoderStepPtr ReplaceStep(NormalizerPtr replace) {
  return MakePieceStep([replace = std::move(replace)](std::string piece) {
    // A piece that cannot be rewritten within bounds stays as it is.
    std::string rewritten = piece;
    return replace->Apply(rewritten).ok() ? rewritten : piece;
  });
}

DecoderStepPtr StripStep(std::string content, size_t start, size_t stop, bool fused) {
  if (fused) return std::make_shared<Strip>(std::move(content), start, stop);
  return MakePieceStep([content = std::move(content), start, stop](std::string piece) {
    return StripPiece(std::move(piece), content, start, stop);
  });
}

DecoderStepPtr MetaspaceStep(std::string mark, bool prefix) {
  return std::make_shared<Metaspace>(std::move(mark), prefix);
}

}  // namespace pano::tokenizer
