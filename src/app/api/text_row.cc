#include "app/api/text_row.h"

#include <algorithm>
#include <span>
#include <utility>
#include <vector>

#include "base/strings.h"
#include "model/batch/predict_request.h"

namespace pano::api {
namespace {

using tokenizer::Encoding;
using tokenizer::TokenId;

Refusal CheckTakesText(const ModelVersion& version, const TextPlace& place) {
  if (version.predictor->info().text) return {};
  return Misfit(place, InvalidArgument("the model takes no text"));
}

Failure TooLong(const TextPlace& place, size_t given, std::string_view unit, size_t limit) {
  return Misfit(place, InvalidArgument(StrCat(
                           "context_length_exceeded: ", given, " ", unit, ", and the model takes ",
                           limit, " tokens; \"truncate\": true cuts what is too long")));
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
size_t TextLimit(const ModelVersion& version) {
  auto limit = static_cast<size_t>(version.context_length);
  auto advised = static_cast<size_t>(version.predictor->info().text->advised_length);
  return advised > 0 ? std::min(limit, advised) : limit;
}

}  // namespace

Failure Misfit(const TextPlace& place, const Status& status) {
  Failure failure = FromStatus(status, place.param);
  failure.message = StrCat(place.where, ": ", failure.message);
  return failure;
}

Refusal EncodeRow(const ModelVersion& version, std::string_view text,
                  std::optional<std::string_view> pair, bool truncate, const TextPlace& place,
                  encoder::TextRow& row) {
  if (Refusal refusal = CheckTakesText(version, place)) return refusal;
  if (!version.tokenizer) {
    Failure failure = Misfit(
        place,
        InvalidArgument("this model has no tokenizer: only token ids go in, as 'input_ids'"));
    failure.detail = "no_tokenizer";
    return failure;
  }
  size_t limit = TextLimit(version);
  size_t bytes = text.size() + (pair ? pair->size() : 0);
  // Before the work: a body may hold megabytes of text.
  if (!truncate && version.text_bytes_max > 0 && bytes > 2 * version.text_bytes_max) {
    return TooLong(place, bytes, "bytes of text", limit);
  }
  Result<Encoding> encoding = EncodeWhole(*version.tokenizer, text, pair);
  if (!encoding.ok()) return Misfit(place, encoding.error());
  if (encoding->ids.size() > limit) {
    if (!truncate) return TooLong(place, encoding->ids.size(), "tokens", limit);
    Status cut = CutTexts(*version.tokenizer, text, pair, limit, *encoding);
    if (!cut.ok()) return Misfit(place, cut);
  }
  row.ids = std::move(encoding->ids);
  if (version.predictor->info().text->token_types > 0) row.types = std::move(encoding->type_ids);
  return FinishRow(version, /*truncate=*/false, place, row);
}

Refusal FinishRow(const ModelVersion& version, bool truncate, const TextPlace& place,
                  encoder::TextRow& row) {
  if (Refusal refusal = CheckTakesText(version, place)) return refusal;
  auto limit = static_cast<size_t>(version.context_length);
  if (row.ids.size() > limit) {
    if (!truncate) return TooLong(place, row.ids.size(), "tokens", limit);
    // Lists of another length are refused below, so they are cut by as much.
    size_t cut = row.ids.size() - limit;
    row.ids.resize(limit);
    row.mask.resize(row.mask.size() - std::min(cut, row.mask.size()));
    row.types.resize(row.types.size() - std::min(cut, row.types.size()));
  }
  Status status = batch::CheckText(*version.predictor->info().text, version.context_length, row);
  return status.ok() ? Refusal() : Misfit(place, status);
}

}  // namespace pano::api
