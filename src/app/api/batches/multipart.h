#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"

namespace pano::api::batches {

// A part of a form. Views into the body.
struct FormPart {
  std::string name;
  std::string filename;  // "": it is no file
  bool is_file = false;
  std::string_view content;
};

// The parts of a body of the type multipart/form-data (RFC 7578, by RFC 2046, 5.1), in their order. `content_type` is the
// header with its boundary. InvalidArgument for what is none, for more than `kPartsMax` parts, and for a head of a part
// beyond `kHeadBytesMax`. Takes time linear in the body.
inline constexpr size_t kPartsMax = 32;
inline constexpr size_t kHeadBytesMax = 4096;
Result<std::vector<FormPart>> ParseMultipart(std::string_view content_type, std::string_view body);

}  // namespace pano::api::batches
