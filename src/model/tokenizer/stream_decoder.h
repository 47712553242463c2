#pragma once

#include <memory>

#include "model/tokenizer/pipeline.h"
#include "model/tokenizer/tokenizer.h"

namespace pano::tokenizer {

// Holds text back while it ends inside a character or in U+FFFD, which more bytes may still turn into
// a character. The pieces concatenate to what Decode gives, with one exception: where a run of byte
// tokens turns ill-formed after whole characters of it went out, those stand (Decode has the whole
// run as U+FFFD).
std::unique_ptr<StreamDecoder> MakeStreamDecoder(std::shared_ptr<const PipelineTokenizer> tokenizer,
                                                 bool skip_special);

}  // namespace pano::tokenizer
