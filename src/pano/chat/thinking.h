#pragma once

#include <string>
#include <string_view>

namespace pano::chat {

// What a model writes, told apart: what it thinks and what it answers. Confined to one thread.
class AnswerParts {
 public:
  virtual ~AnswerParts() = default;
  virtual void OnThinking(std::string_view text) = 0;
  virtual void OnAnswer(std::string_view text) = 0;
  // What came as answer so far was thinking: its end was marked, its beginning was not.
  virtual void OnAnswerWasThinking() = 0;
};

// Finds the thinking in an answer as it arrives, by the marks that models and their templates put
// around it: <think>, <thinking>, <thought>, <reasoning>, <seed:think>, [THINK] (Mistral),
// <|START_THINKING|> (Cohere), <|begin_of_thought|>, ◁think▷ (Kimi), and the channels of gpt-oss. Only
// at the start: a mark that is quoted later is text. Confined to one thread.
class ThinkingSplitter {
 public:
  explicit ThinkingSplitter(AnswerParts& parts) : parts_(parts) {}

  // The prompt ended with a mark: the answer begins in the middle of the thinking.
  void BeginInside(std::string_view opening_mark);
  void Push(std::string_view text);
  // The same for text that the server has told apart.
  void PushThinking(std::string_view text);
  // Nothing follows.
  void End();

  bool in_answer() const { return state_ == State::kAnswer; }

 private:
  enum class State { kStart, kThinking, kAnswer };
  void Start();
  void Think();
  void Answer();

  AnswerParts& parts_;
  State state_ = State::kStart;
  std::string_view closing_;  // mark that ends the thinking
  bool any_thinking_ = false;
  std::string held_;  // not told apart yet: may be part of a mark
};

// The opening mark that the rendered prompt ends with (DeepSeek R1's and QwQ's templates write it), or
// "".
std::string_view OpeningMarkAtEnd(std::string_view prompt);
// Whether the special token is part of a mark, so that its text is of use before the answer proper.
bool IsPartOfMark(std::string_view token);

}  // namespace pano::chat
