#pragma once

#include <cstdint>
#include <functional>
#include <string>
#include <string_view>
#include <vector>

#include "base/json.h"

namespace pano::api::openai {

// The output of a response as it grows: items of reasoning, text and calls, and the events that tell of each change.
// A plain answer is made by the same steps with nobody to tell, so both end in the same items. Confined to one thread.
class ResponseOutput {
 public:
  // Told of each event, without its "type" and "sequence_number"; may be empty.
  using Tell = std::function<void(std::string_view type, json::Value event)>;
  explicit ResponseOutput(Tell tell) : tell_(std::move(tell)) {}

  // More of the model's reasoning, of its text (`logprobs`: of the tokens that the piece came with, an array), or of a
  // call: its id and name come with its first piece.
  void AddReasoning(std::string_view piece);
  void AddText(std::string_view piece, json::Value logprobs);
  void BeginCall(std::string_view call_id, std::string_view name);
  void AddArguments(std::string_view piece);

  // Ends the item that is open; `cut`: there would have been more. An answer without any item gets an empty message.
  void Finish(bool cut);

  const json::Value& items() const { return items_; }
  // The same as one message of a chat, for the talk to go on.
  json::Value ChatMessage() const;

 private:
  enum class Kind : uint8_t { kNone, kReasoning, kMessage, kCall };

  void Open(Kind kind, json::Value item);
  void OpenPart(json::Value part);
  void Close(std::string_view status);
  json::Value Place() const;  // item_id, output_index
  json::Value PartPlace() const;  // and content_index

  const Tell tell_;
  json::Value items_{json::Array()};  // that are closed
  Kind open_ = Kind::kNone;
  json::Value item_;      // the open one, as it began
  std::string text_;      // of its only part, or a call's arguments
  json::Value logprobs_{json::Array()};
  // For ChatMessage.
  std::string all_text_, all_reasoning_;
  json::Value calls_{json::Array()};
};

}  // namespace pano::api::openai
