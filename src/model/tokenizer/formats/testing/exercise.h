#pragma once

#include <algorithm>
#include <string_view>

#include "base/check.h"
#include "base/utf8.h"
#include "model/tokenizer/tokenizer.h"

namespace pano::tokenizer::testing {

// Whatever a file says, its tokenizer keeps its promises.
inline void Exercise(const Tokenizer& tokenizer, std::string_view text) {
  const ByteRange plain[] = {{text.size() / 3, text.size() / 2}};
  for (bool flag : {false, true}) {
    EncodeOptions options;
    options.add_special_tokens = flag;
    options.parse_special = flag;
    if (flag) options.plain = plain;
    const Result<std::vector<TokenId>> ids = tokenizer.Encode(text, options);
    if (!ids.ok()) continue;
    for (TokenId id : *ids) PANO_CHECK(id >= 0 && id < tokenizer.vocab_size());
    const Result<Encoding> pair = tokenizer.EncodePair(text, text.substr(0, text.size() / 4), options);
    PANO_CHECK(!pair.ok() || pair->ids.size() == pair->type_ids.size());
    const Result<std::string> decoded = tokenizer.Decode(*ids, flag);
    PANO_CHECK(decoded.ok() && Utf8Valid(*decoded));
    const auto stream = tokenizer.Stream(flag);
    for (TokenId id : *ids) PANO_CHECK(Utf8Valid(stream->Push(id)));
    PANO_CHECK(Utf8Valid(stream->Flush()));
  }
  for (TokenId id = -1; id <= std::min(tokenizer.vocab_size(), 300); ++id) {
    tokenizer.Bytes(id);
    tokenizer.IsSpecial(id);
    tokenizer.Find(tokenizer.Piece(id));
  }
}

// A text with a little of everything.
inline constexpr std::string_view kFuzzText =
    "The 42 caf\xc3\xa9s \xe4\xbd\xa0<s> \n\n  \xf0\x9f\x98\x80''ll\xff a\xe2\x96\x81";

}  // namespace pano::tokenizer::testing
