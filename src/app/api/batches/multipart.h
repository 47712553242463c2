#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "base/result.h"
#include "base/status.h"

namespace pano::api::batches {

// The head of a part of a form. A value.
struct FormPart {
  std::string name;
  std::string filename;  // "": it is no file
  bool is_file = false;
};

// Where the parts of a form go as they are read. Confined to its reader's thread.
class FormSink {
 public:
  virtual ~FormSink() = default;
  // A part begins; what comes until the next one is its content.
  virtual Status OnPart(FormPart part) = 0;
  virtual Status OnContent(std::string_view piece) = 0;
};

// Reads a body of the type multipart/form-data (RFC 7578, by RFC 2046, 5.1) piece by piece, however it is cut.
// Holds a part's head, or as much of a content as may be the beginning of a boundary, and takes time linear in
// the body. Confined to one thread.
class MultipartReader {
 public:
  static constexpr size_t kPartsMax = 32;
  static constexpr size_t kHeadBytesMax = 4096;

  // `content_type` is the header with the boundary. InvalidArgument where it names none.
  static Result<MultipartReader> Create(std::string_view content_type);

  // InvalidArgument for what is none, or has more than it may; also what `sink` says. After a failure only the
  // same failure follows.
  Status Feed(std::string_view piece, FormSink& sink);
  // The body is over.
  Status Finish();

 private:
  enum class State : uint8_t { kPreamble, kBoundary, kHead, kContent, kDone };

  explicit MultipartReader(std::string boundary) : delimiter_("\r\n--" + boundary) {}
  // Looks at what is there; false: more is needed.
  Result<bool> Step(FormSink& sink);
  Result<bool> StepBoundary();
  Result<bool> StepHead(FormSink& sink);
  Result<bool> StepContent(FormSink& sink);
  std::string_view left() const { return std::string_view(buffer_).substr(at_); }

  std::string delimiter_;
  State state_ = State::kPreamble;
  std::string buffer_ = "\r\n";  // before the first boundary a line end is thought
  size_t at_ = 0;                // what is before it was read
  size_t skip_ = 0;              // bytes of a part's beginning that are still its head's
  size_t parts_ = 0;
  Status failure_;
};

}  // namespace pano::api::batches
