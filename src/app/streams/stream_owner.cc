#include "app/streams/stream_owner.h"

#include "base/strings.h"

namespace pano::streams {

std::string OwnerOf(const auth::Principal& principal) {
  std::string owner;
  // Each with its length before it: what stands in one can never be taken for the end of another.
  for (const std::string* part : {&principal.tenant, &principal.issuer, &principal.subject,
                                  &principal.client_id, &principal.key_id, &principal.token_digest}) {
    owner += StrCat(part->size(), ':', *part);
  }
  return owner;
}

}  // namespace pano::streams
