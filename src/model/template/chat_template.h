#pragma once

#include <atomic>
#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/json.h"
#include "base/result.h"

namespace pano::jinja {

// What bounds one rendering; templates come with models, and models come from anywhere.
struct Limits {
  size_t source_bytes_max = 1 << 20;
  size_t depth_max = 64;                 // nesting of blocks, expressions and macro calls
  size_t steps_max = 2'000'000;          // nodes evaluated, elements looped over
  double cpu_seconds_max = 10;           // of the thread: the last line of defence
  size_t output_bytes_max = 16 << 20;
  size_t memory_bytes_max = 64 << 20;    // of strings and lists made on the way
};

struct Rendered {
  std::string text;
  // Byte ranges of `text`, ascending and disjoint, that came from the inputs rather than from the
  // template: special tokens in there are the user's text.
  struct Range {
    size_t begin = 0;
    size_t end = 0;
  };
  std::vector<Range> from_inputs;
  // What the template's `generation` blocks wrote, in the order of writing: what an assistant is
  // trained to say. A block whose text goes into a variable, a filter or a macro is not seen.
  std::vector<Range> generated = {};
};

// The places of a text, ascending and disjoint, where a marker of the model's own stands.
using OwnMarkers = std::function<std::vector<Rendered::Range>(std::string_view)>;

struct ChatInputs {
  json::Value messages;                  // array of {"role", "content", ...}
  json::Value tools;                     // array or null
  bool add_generation_prompt = true;
  std::string bos_token;
  std::string eos_token;
  json::Value kwargs;                    // object of further template variables, or null
  const std::atomic<bool>* cancelled = nullptr;   // ends the rendering (Cancelled) when it is set
  // What strftime_now sees, in UTC; nothing: the wall clock in the machine's time zone.
  std::optional<int64_t> now_unix;
  // In what an assistant said these count as the template's, so that an answer that is sent back
  // becomes the tokens that it was. Null: all of it is text.
  OwnMarkers own_markers = nullptr;
};

// A parsed chat template: Jinja as Hugging Face's environment sets it up (trim_blocks, lstrip_blocks,
// loop controls, `generation` blocks, tojson, raise_exception, strftime_now), sandboxed. Immutable,
// so thread-safe.
class ChatTemplate {
 public:
  virtual ~ChatTemplate() = default;

  // Corruption for source that is no Jinja, with the line.
  static Result<std::shared_ptr<const ChatTemplate>> Parse(std::string_view source,
                                                           const Limits& limits = {});
  // InvalidArgument for raise_exception (its message) and for what Python Jinja refuses (undefined
  // values used, wrong types); Exhausted when a limit is met.
  virtual Result<Rendered> Render(const ChatInputs& inputs) const = 0;
};

using ChatTemplatePtr = std::shared_ptr<const ChatTemplate>;

}  // namespace pano::jinja
