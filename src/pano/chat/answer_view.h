#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "base/clock.h"
#include "pano/chat/console.h"
#include "pano/chat/thinking.h"
#include "pano/terminal/safe_text.h"

namespace pano::chat {

enum class ShowThinking {
  kFold,  // one line that says how long it has been
  kShow,
  kHide,
};

// Shows one answer as it arrives and keeps it: the thinking folded or not, nothing that a terminal
// could take for a command. Confined to one thread.
class AnswerView final : public AnswerParts {
 public:
  // Both outlive the view.
  AnswerView(Console& console, ShowThinking show, Clock& clock)
      : console_(console), clock_(clock), show_(show) {}

  void OnThinking(std::string_view text) override;
  void OnAnswer(std::string_view text) override;
  void OnAnswerWasThinking() override;
  // Nothing follows: the cursor stands at the start of a line.
  void End();

  // As the model wrote them.
  const std::string& answer() const { return answer_; }
  const std::string& thinking() const { return thinking_; }

 private:
  void Unfold();
  void ShowAnswer(const std::string& safe);

  Console& console_;
  Clock& clock_;
  const ShowThinking show_;
  std::string answer_, thinking_;
  terminal::SafeText safe_answer_, safe_thinking_;
  std::optional<TimePoint> thinking_since_;  // while its line is to be seen
  std::optional<TimePoint> last_progress_;
  bool thinking_shown_ = false;
  bool ends_line_ = true;  // what was shown last
};

}  // namespace pano::chat
