#pragma once

#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "base/json.h"
#include "base/options.h"
#include "base/status.h"
#include "pano/chat/answer_view.h"
#include "pano/chat/sampling.h"

namespace pano::chat {

// What /set changes, and what flags of the same names set at the start.
struct SettingValues {
  Sampling sampling;
  std::string thinking = "fold";
  std::string trim = "off";
  std::string stats = "off";

  void Declare(OptionSet& options);
  ShowThinking show_thinking() const;
  bool trims() const { return trim == "on"; }
  bool shows_stats() const { return stats == "on"; }
};

// The values of a conversation: those of the start with the changes made to them. Thread-compatible.
class Settings {
 public:
  explicit Settings(SettingValues initial) : initial_(std::move(initial)), now_(initial_) {}

  const SettingValues& now() const { return now_; }
  // InvalidArgument for an unknown name (with the one that was probably meant) or a value that does not
  // fit; then nothing has changed. "default" takes the changes of a setting back.
  Status Change(std::string_view name, std::string_view value);
  // One line each: name, value, what it does.
  std::string Describe() const;
  // "temperature = 0.5".
  std::string Describe(std::string_view name) const;

  using Changes = std::vector<std::pair<std::string, std::string>>;
  const Changes& changes() const { return changes_; }
  // All or nothing.
  Status Restore(const Changes& changes);

 private:
  const SettingValues initial_;
  Changes changes_;  // in their order
  SettingValues now_;
};

}  // namespace pano::chat
