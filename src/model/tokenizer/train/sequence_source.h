#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "base/env.h"
#include "base/result.h"

namespace pano::tokenizer {

// A run of whole sequences of a corpus, held by itself. A value.
struct SequenceBlock {
  std::string text;          // the sequences one after the other
  std::vector<size_t> ends;  // where each ends in `text`, ascending
  uint64_t first = 0;        // the number of the first one in the corpus
};

// Hands out a corpus as sequences, none of which is looked at beyond its ends: no word or piece spans
// two. Confined to one thread.
class SequenceSource {
 public:
  virtual ~SequenceSource() = default;
  // Replaces `block` by the next sequences, about `bytes_wanted` of them; false at the end.
  virtual Result<bool> Next(size_t bytes_wanted, SequenceBlock& block) = 0;
  // Where a sequence stands, for messages: "corpus.txt:12".
  virtual std::string Place(uint64_t sequence) const = 0;
};

// The lines of text files, each with its line end. A file's last line may lack one. `bytes_max`
// bounds one line.
std::unique_ptr<SequenceSource> LinesOfFiles(std::vector<std::string> paths,
                                             size_t bytes_max = 1ull << 30, Env& env = Env::Real());

// Texts that are there already, each a sequence. Borrows them.
std::unique_ptr<SequenceSource> SequencesOf(const std::vector<std::string>& texts);

}  // namespace pano::tokenizer
