#pragma once

#include <memory>

#include "base/result.h"
#include "model/tokenizer/models/model.h"
#include "model/tokenizer/models/vocabulary.h"
#include "model/tokenizer/text/field.h"

namespace pano::tokenizer {

// From the "model" of a tokenizer.json (BPE, WordPiece, Unigram, WordLevel); its entries are added to
// `vocabulary`, which must outlive the model. Unimplemented for another type.
Result<std::unique_ptr<Model>> MakeModel(const Field& field, Vocabulary& vocabulary);

}  // namespace pano::tokenizer
