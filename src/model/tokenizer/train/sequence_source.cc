#include "model/tokenizer/train/sequence_source.h"

#include <algorithm>
#include <cstring>

#include "base/strings.h"

namespace pano::tokenizer {
namespace {

class FileLines : public SequenceSource {
 public:
  FileLines(std::vector<std::string> paths, size_t bytes_max, Env& env)
      : paths_(std::move(paths)), bytes_max_(bytes_max), env_(env) {}

  Result<bool> Next(size_t bytes_wanted, SequenceBlock& block) override {
    block.text = std::move(rest_);
    block.ends.clear();
    block.first = count_;
    rest_.clear();
    // Bytes before `scanned` are known to hold no line end that `ends` lacks.
    size_t scanned = 0;
    while (true) {
      FindLines(block, scanned);
      scanned = block.text.size();
      if (!block.ends.empty() && block.ends.back() >= bytes_wanted) break;
      const size_t line = block.ends.empty() ? 0 : block.ends.back();
      if (block.text.size() - line > bytes_max_) {
        return Status(StatusCode::kExhausted, StrCat(Place(count_ + block.ends.size()),
                                                     ": the line is longer than ", bytes_max_, " bytes"));
      }
      PANO_ASSIGN_OR_RETURN(const bool more, ReadMore(block, bytes_wanted));
      if (!more) break;
    }
    const size_t end = block.ends.empty() ? 0 : block.ends.back();
    rest_.assign(block.text, end);
    block.text.resize(end);
    count_ += block.ends.size();
    return !block.ends.empty();
  }

  std::string Place(uint64_t sequence) const override {
    size_t file = 0;
    while (file + 1 < first_lines_.size() && first_lines_[file + 1] <= sequence) ++file;
    if (first_lines_.empty()) return paths_.empty() ? "?" : paths_[0];
    return StrCat(paths_[file], ":", sequence - first_lines_[file] + 1);
  }

 private:
  static void FindLines(SequenceBlock& block, size_t from) {
    while (true) {
      const size_t newline = block.text.find('\n', from);
      if (newline == std::string::npos) return;
      block.ends.push_back(newline + 1);
      from = newline + 1;
    }
  }

  // Appends the next bytes; false when all files are read.
  Result<bool> ReadMore(SequenceBlock& block, size_t bytes_wanted) {
    while (true) {
      if (!file_) {
        if (next_file_ == paths_.size()) return false;
        PANO_ASSIGN_OR_RETURN(file_, env_.Open(paths_[next_file_], Env::OpenMode::kRead)
                                         .Wrap(paths_[next_file_]));
        first_lines_.push_back(count_ + block.ends.size());
        ++next_file_;
      }
      const size_t old = block.text.size();
      const size_t want = std::clamp<size_t>(bytes_wanted, 1 << 16, 1 << 22);
      block.text.resize(old + want);
      Result<size_t> got =
          file_->ReadSome(std::as_writable_bytes(std::span(block.text.data() + old, want)));
      block.text.resize(old + (got.ok() ? *got : 0));
      if (!got.ok()) return std::move(got).Wrap(paths_[next_file_ - 1]).error();
      if (*got > 0) return true;
      file_.reset();
      const size_t line = block.ends.empty() ? 0 : block.ends.back();
      if (line < block.text.size()) block.ends.push_back(block.text.size());
    }
  }

  const std::vector<std::string> paths_;
  const size_t bytes_max_;
  Env& env_;
  std::unique_ptr<File> file_;            // that is being read; null between two
  size_t next_file_ = 0;
  std::vector<uint64_t> first_lines_;     // by file that was opened: the number of its first line
  std::string rest_;                      // the begin of a line that the last block did not take
  uint64_t count_ = 0;                    // lines handed out
};

class Texts : public SequenceSource {
 public:
  explicit Texts(const std::vector<std::string>& texts) : texts_(texts) {}

  Result<bool> Next(size_t bytes_wanted, SequenceBlock& block) override {
    block.text.clear();
    block.ends.clear();
    block.first = next_;
    while (next_ < texts_.size() && (block.ends.empty() || block.text.size() < bytes_wanted)) {
      block.text += texts_[next_++];
      block.ends.push_back(block.text.size());
    }
    return !block.ends.empty();
  }
  std::string Place(uint64_t sequence) const override { return StrCat("text ", sequence); }

 private:
  const std::vector<std::string>& texts_;
  size_t next_ = 0;
};

}  // namespace

std::unique_ptr<SequenceSource> LinesOfFiles(std::vector<std::string> paths, size_t bytes_max,
                                             Env& env) {
  return std::make_unique<FileLines>(std::move(paths), bytes_max, env);
}

std::unique_ptr<SequenceSource> SequencesOf(const std::vector<std::string>& texts) {
  return std::make_unique<Texts>(texts);
}

}  // namespace pano::tokenizer
