#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

namespace pano::train {

// A text as training sees it: separate stories, each of which ends with the end token.
using Stories = std::vector<std::string>;

// Cuts a text whose stories follow each other without a mark: paragraphs of one story have an empty
// line between them, so a paragraph straight below another one opens a story. Some stories break
// their lines without an empty line; such a line is told apart by what stands around it (a space
// before the line break, an opening quotation mark, "But", "She", "X said", a story too short to be
// over). A line "<|endoftext|>" always ends one. Lines lose trailing spaces; quotation marks that
// were encoded twice become plain ones; whatever else there is stays as it is.
Stories SplitStories(std::string_view text);

struct HeldOutSplit {
  Stories train;
  Stories held_out;
  size_t train_bytes = 0;
  size_t held_out_bytes = 0;
};
// Sets aside `fraction` of the stories, chosen by `seed`. A story that occurs twice is kept once,
// so that nothing held out is also trained on. Both parts keep the order of the text.
HeldOutSplit SplitHeldOut(const Stories& stories, double fraction, uint64_t seed);

}  // namespace pano::train
