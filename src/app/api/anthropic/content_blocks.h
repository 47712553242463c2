#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "base/json.h"
#include "model/tools/message.h"

namespace pano::api::anthropic {

// Where the blocks of a message go, one after the other. Confined to one thread.
class BlockSink {
 public:
  virtual ~BlockSink() = default;
  virtual void StartBlock(int64_t index, json::Value block) = 0;
  // {"type": "text_delta", "text"} and its like.
  virtual void AddToBlock(int64_t index, json::Value delta) = 0;
  virtual void StopBlock(int64_t index) = 0;
};

// Cuts what is known of a message, as it becomes known, into blocks: thinking, text, and a tool_use for each call. Confined
// to one thread.
class BlockCutter {
 public:
  explicit BlockCutter(BlockSink& sink) : sink_(sink) {}

  void Add(const tools::MessageDelta& delta);
  // Nothing more comes. A message without any block gets an empty text: clients look into the first.
  void Finish();

 private:
  enum class Kind : uint8_t { kNone, kThinking, kText, kCall };
  void Open(Kind kind, json::Value block);
  void Close();
  void AddText(Kind kind, std::string_view text);
  void AddCall(const tools::ToolCallDelta& call);

  BlockSink& sink_;
  int64_t blocks_ = 0;  // begun
  Kind open_ = Kind::kNone;
  size_t call_ = 0;  // of an open tool_use
};

// The blocks as the list of a plain answer. Confined to one thread.
class BlockList final : public BlockSink {
 public:
  void StartBlock(int64_t index, json::Value block) override;
  void AddToBlock(int64_t index, json::Value delta) override;
  void StopBlock(int64_t index) override;
  json::Value Take() { return std::move(blocks_); }

 private:
  json::Value blocks_{json::Array()};
  json::Value block_;
  std::string text_;  // of the block's text, thinking or input
};

}  // namespace pano::api::anthropic
