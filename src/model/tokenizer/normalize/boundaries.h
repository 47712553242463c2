#pragma once

#include <cstddef>
#include <vector>

namespace pano::tokenizer {

// Ranges of a text, flat: begin, end, begin, end, ... in bytes, ascending (so a place of even index is
// a begin). A normaliser moves them along with the text. A begin inside of what is rewritten as one
// moves to its front, an end to its end, so that a range never loses text that it held.
using Boundaries = std::vector<size_t>;

// Moves boundaries while a text is rewritten from left to right, in time linear in the text. Confined
// to one call.
class BoundaryMover {
 public:
  // Null for nothing to move.
  explicit BoundaryMover(Boundaries* boundaries) : boundaries_(boundaries) {}

  // The input from where the last step ended to before `in_end` became [out_begin, out_end) of the
  // output, as one.
  void Replaced(size_t in_end, size_t out_begin, size_t out_end) {
    if (boundaries_ == nullptr) return;
    for (; next_ < boundaries_->size() && (*boundaries_)[next_] < in_end; ++next_) {
      size_t& place = (*boundaries_)[next_];
      const bool inside = place > in_begin_;
      place = inside && next_ % 2 == 1 ? out_end : out_begin;
    }
    in_begin_ = in_end;
  }
  // The same where the input was copied byte by byte.
  void Copied(size_t in_end, size_t out_begin) {
    if (boundaries_ == nullptr) return;
    for (; next_ < boundaries_->size() && (*boundaries_)[next_] < in_end; ++next_) {
      size_t& place = (*boundaries_)[next_];
      place = out_begin + (place - in_begin_);
    }
    in_begin_ = in_end;
  }
  // The input is over and so is the output, of `out_size` bytes.
  void Finish(size_t out_size) {
    if (boundaries_ == nullptr) return;
    for (; next_ < boundaries_->size(); ++next_) (*boundaries_)[next_] = out_size;
  }

 private:
  Boundaries* const boundaries_;
  size_t next_ = 0;       // of the boundaries: those before have moved
  size_t in_begin_ = 0;   // where the last step ended
};

}  // namespace pano::tokenizer
