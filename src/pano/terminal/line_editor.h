#pragma once

#include <deque>
#include <functional>
#include <string>
#include <string_view>
#include <vector>

#include "pano/terminal/key.h"

namespace pano::terminal {

// What the word before the cursor may become.
struct Completion {
  size_t begin = 0;                     // where that word begins
  std::vector<std::string> candidates;  // whole words
};

// The text that is being entered and what each key does to it: no terminal, no drawing. Several lines
// are fine. Keys as Emacs and readline have them. Confined to one thread.
class LineEditor {
 public:
  static constexpr size_t kTextBytesMax = 1 << 20;

  struct Options {
    // True while Enter begins a new line instead of ending the text.
    std::function<bool(std::string_view text)> is_unfinished = {};
    std::function<Completion(std::string_view before_cursor)> complete = {};
  };
  enum class Event { kNone, kSubmit, kInterrupt, kEnd, kClearScreen, kSuspend, kBell, kCandidates };

  // `history` outlives the editor, oldest first.
  LineEditor(const std::deque<std::string>& history, Options options)
      : history_(history), options_(std::move(options)), history_at_(history.size()) {}

  Event Apply(const Key& key);

  const std::string& text() const { return text_; }
  size_t cursor() const { return cursor_; }  // byte offset
  bool searching() const { return searching_; }
  const std::string& query() const { return query_; }
  // After kCandidates: what the word may become.
  const std::vector<std::string>& candidates() const { return candidates_; }

 private:
  Event ApplyWhileSearching(const Key& key, bool& done);
  Event Insert(std::string_view text);
  Event Enter();
  Event Complete();
  void EraseTo(size_t other, bool keep);  // from the cursor, either way; `keep`: for Yank
  void MoveBy(int lines, bool& moved);
  void Recall(int step);
  void FindOlder(size_t before);
  void SetText(std::string text);
  void Transpose();

  size_t LineBegin(size_t at) const;
  size_t LineEnd(size_t at) const;
  size_t Left(size_t at) const;   // one cluster
  size_t Right(size_t at) const;
  size_t WordLeft() const;
  size_t WordRight() const;

  const std::deque<std::string>& history_;
  const Options options_;
  std::string text_;
  size_t cursor_ = 0;
  std::string killed_;
  size_t history_at_;     // entry that is shown; the history's size: the draft
  std::string draft_;     // what was entered before an entry was shown
  bool searching_ = false;
  std::string query_;
  size_t found_at_ = 0;
  std::string before_search_;
  std::vector<std::string> candidates_;
};

}  // namespace pano::terminal
