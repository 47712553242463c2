#pragma once

#include <string>

#include "base/json.h"
#include "base/result.h"
#include "model/format/fwd.h"

namespace pano::bench {

// The tokenizer.json `tokenizer` with unused entries up to `rows`: "<unused2048>", ...
// InvalidArgument when it has more entries than rows, Corruption when it has no vocabulary.
Result<json::Value> PadTokenizer(json::Value tokenizer, int64_t rows);

// Saves a model as a Hugging Face folder: config.json, model.safetensors and, where its vocabulary
// has room for it, the tokenizer of the model at `tokenizer_folder` with unused entries. The folder
// appears whole or not at all. AlreadyExists when something stands at `path`; InvalidArgument for
// weights that safetensors has no type for.
Status WriteModelFolder(const format::ModelFiles& files, const std::string& tokenizer_folder,
                        const std::string& path);

}  // namespace pano::bench
