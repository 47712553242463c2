#pragma once

#include <string>
#include <vector>

#include "base/json.h"
#include "base/result.h"
#include "model/template/chat_template.h"
#include "model/tokenizer/tokenizer.h"
#include "model/train/data/row.h"

namespace pano::train {

// A conversation as its template writes it.
struct WrittenChat {
  std::string text;
  std::vector<tokenizer::ByteRange> plain;     // what the messages said: no special token is parsed there
  std::vector<tokenizer::ByteRange> answers;   // what the assistant is to learn
};

// Renders conversations for training. The template's date is 1 January 2025, so that a row is the same
// on every day. Borrows the tokenizer. Immutable, so thread-safe.
class ChatWriter {
 public:
  ChatWriter(const tokenizer::Tokenizer& tokenizer, jinja::ChatTemplatePtr chat);

  // What its `generation` blocks wrote are the answers. For a template that has none an answer begins
  // behind the rendering of the messages before it, with the prompt to answer (where the template knows
  // none: with its own content), and ends with the first special token behind its content, which is
  // learnt too, or where the next message begins. InvalidArgument where that cannot be found: a
  // template whose rendering of a message depends on later ones.
  Result<WrittenChat> Write(const json::Value& messages, const json::Value& tools) const;
  // The prompt of an answer.
  Result<WrittenChat> WritePrompt(const json::Value& messages, const json::Value& tools) const;

 private:
  Result<jinja::Rendered> Render(json::Array messages, const json::Value& tools, bool prompt) const;
  Status FindAnswers(const json::Array& messages, const json::Value& tools, WrittenChat& out) const;
  Result<size_t> AnswerBegin(json::Array messages, const json::Value& tools, const std::string& prompt,
                             const std::string& text) const;

  const tokenizer::Tokenizer& tokenizer_;
  const jinja::ChatTemplatePtr chat_;
};

// The ids of a written chat, nothing added, with labels on the tokens that overlap an answer.
Result<Sequence> ChatSequence(const tokenizer::Tokenizer& tokenizer, const WrittenChat& chat);

// InvalidArgument for what is no list of messages with a role.
Status CheckMessages(const json::Value& messages);

}  // namespace pano::train
