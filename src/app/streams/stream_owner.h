#pragma once

#include <string>

#include "app/auth/principal.h"

namespace pano::streams {

// What tells two principals apart, as one text: tenant, issuer, subject, client and key. Scopes and the
// time of expiry are no part of it, so a renewed token is the same owner. Of tokens that name neither
// subject nor client each is an owner of its own, by its digest.
std::string OwnerOf(const auth::Principal& principal);

}  // namespace pano::streams
