#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "base/result.h"
#include "model/template/chat_template.h"
#include "model/tokenizer/tokenizer.h"
#include "model/train/data/row_source.h"

namespace pano::train {

// What turns texts into rows.
struct TextRowOptions {
  tokenizer::TokenizerPtr tokenizer;
  jinja::ChatTemplatePtr chat;          // null: none; for chats and for preferences given as messages
  std::vector<std::string> labels;      // names of the classes of the task, or of each head in turn
  RowLimits limits;
};

// Rows of data.format text, chat, preference, labelled or pairs; docs/training-data.md describes the
// files. Every line is read and checked at once, so that a wrong one is named (FILE:LINE) before
// training begins; texts are tokenised then (text, chat) or when their row is read (the others).
// Files are mapped, and tokens beyond 64 MiB lie in a temporary file. Where the recipe is what is
// wrong, the failure has its key as field.
Result<std::unique_ptr<RowSource>> OpenTextRows(const Recipe& recipe, const std::vector<std::string>& paths,
                                                const TextRowOptions& options);

// One line of such a file (chat, preference, labelled, pairs) as a row.
Result<Row> ParseTextLine(std::string_view line, const Recipe& recipe, const TextRowOptions& options);

}  // namespace pano::train
