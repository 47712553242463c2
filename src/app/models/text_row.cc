#include "app/models/text_row.h"

#include <algorithm>
#include <span>
#include <utility>
#include <vector>

#include "base/strings.h"
#include "model/batch/predict_request.h"
#include "model/serving/reasons.h"
#include "model/tokenizer/tokenizer.h"

namespace pano::models {
namespace {

using tokenizer::Encoding;
using tokenizer::TokenId;

Status CheckTakesText(const Predictor& version) {
  return version.info().text ? Status() : InvalidArgument("the model takes no text");
}

Status TooLong(size_t given, std::string_view unit, size_t limit) {
  return serving::ContextLengthExceeded(static_cast<int64_t>(limit),
                                        StrCat("the text has ", given, unit));
}

Result<Encoding> EncodeWhole(const tokenizer::Tokenizer& tokenizer, std::string_view text,
                             std::optional<std::string_view> pair) {
  tokenizer::EncodeOptions options;
  Result<Encoding> encoding = tokenizer.EncodePair(text, pair, options);
  if (encoding.ok() || pair || encoding.error().code() != StatusCode::kUnimplemented) {
    return encoding;
  }
  PANO_ASSIGN_OR_RETURN(std::vector<TokenId> ids, tokenizer.Encode(text, options));
  return Encoding{std::move(ids), {}};
}

// What two texts keep of `room` tokens: the shorter one all it has, up to half.
std::pair<size_t, size_t> Share(size_t first, size_t second, size_t room) {
  if (first + second <= room) return {first, second};
  size_t less = std::min({first, second, room / 2});
  return first <= second ? std::pair(less, room - less) : std::pair(room - less, less);
}

void Erase(Encoding& encoding, size_t begin, size_t end) {
  auto cut = [&](auto& list) {
    if (list.empty()) return;
    list.erase(list.begin() + static_cast<std::ptrdiff_t>(begin),
               list.begin() + static_cast<std::ptrdiff_t>(end));
  };
  cut(encoding.ids);
  cut(encoding.type_ids);
}

// Cuts texts to `limit` tokens, between the special tokens that stand around them.
Status CutTexts(const tokenizer::Tokenizer& tokenizer, std::string_view text,
                std::optional<std::string_view> pair, size_t limit, Encoding& whole) {
  tokenizer::EncodeOptions bare;
  bare.add_special_tokens = false;
  PANO_ASSIGN_OR_RETURN(std::vector<TokenId> first, tokenizer.Encode(text, bare));
  std::vector<TokenId> second;
  if (pair) {
    PANO_ASSIGN_OR_RETURN(second, tokenizer.Encode(*pair, bare));
  }
  const std::vector<TokenId>& ids = whole.ids;
  auto at = std::search(ids.begin(), ids.end(), first.begin(), first.end());
  auto behind = ids.end() == at ? at : at + static_cast<std::ptrdiff_t>(first.size());
  auto second_at = std::find_end(behind, ids.end(), second.begin(), second.end());
  size_t texts = first.size() + second.size();
  bool found = at != ids.end() && (second.empty() || second_at != ids.end());
  if (!found || ids.size() - texts > limit) {
    return Unimplemented("this tokenizer's texts cannot be cut here: send fewer tokens");
  }
  auto [keep_first, keep_second] = Share(first.size(), second.size(), limit - (ids.size() - texts));
  auto begin_first = static_cast<size_t>(at - ids.begin());
  auto begin_second = static_cast<size_t>(second_at - ids.begin());
  if (!second.empty()) Erase(whole, begin_second + keep_second, begin_second + second.size());
  Erase(whole, begin_first + keep_first, begin_first + first.size());
  return OkStatus();
}

// Tokens that a text may have.
size_t TextLimit(const Predictor& version) {
  auto limit = static_cast<size_t>(version.context_length);
  auto advised = static_cast<size_t>(version.info().text->advised_length);
  return advised > 0 ? std::min(limit, advised) : limit;
}

}  // namespace

Status EncodeRow(const Predictor& version, std::string_view text,
                 std::optional<std::string_view> pair, bool truncate, encoder::TextRow& row) {
  PANO_RETURN_IF_ERROR(CheckTakesText(version));
  if (!version.tokenizer) {
    return InvalidArgument("this model has no tokenizer: only token ids go in")
        .WithReason("no_tokenizer");
  }
  size_t limit = TextLimit(version);
  size_t bytes = text.size() + (pair ? pair->size() : 0);
  // Before the work: a body may hold megabytes of text.
  if (!truncate && version.text_bytes_max > 0 && bytes > 2 * version.text_bytes_max) {
    return TooLong(bytes, " bytes", limit);
  }
  PANO_ASSIGN_OR_RETURN(Encoding encoding, EncodeWhole(*version.tokenizer, text, pair));
  if (encoding.ids.size() > limit) {
    if (!truncate) return TooLong(encoding.ids.size(), "", limit);
    PANO_RETURN_IF_ERROR(CutTexts(*version.tokenizer, text, pair, limit, encoding));
  }
  row.ids = std::move(encoding.ids);
  if (version.info().text->token_types > 0) row.types = std::move(encoding.type_ids);
  return FinishRow(version, /*truncate=*/false, row);
}

Status FinishRow(const Predictor& version, bool truncate, encoder::TextRow& row) {
  PANO_RETURN_IF_ERROR(CheckTakesText(version));
  auto limit = static_cast<size_t>(version.context_length);
  if (row.ids.size() > limit) {
    if (!truncate) return TooLong(row.ids.size(), "", limit);
    // Lists of another length are refused below, so they are cut by as much.
    size_t cut = row.ids.size() - limit;
    row.ids.resize(limit);
    row.mask.resize(row.mask.size() - std::min(cut, row.mask.size()));
    row.types.resize(row.types.size() - std::min(cut, row.types.size()));
  }
  return batch::CheckText(*version.info().text, version.context_length, row);
}

}  // namespace pano::models
