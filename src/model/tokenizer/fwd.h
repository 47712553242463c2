#pragma once

#include <memory>

namespace pano::tokenizer {

class StreamDecoder;
class Tokenizer;
struct EncodeOptions;
using TokenizerPtr = std::shared_ptr<const Tokenizer>;

}  // namespace pano::tokenizer
