#pragma once

#include <string>
#include <string_view>

namespace pano {

// Whether '/' stays as it is: it parts the segments of a path, and is a character like others elsewhere.
enum class Slashes { kKept, kEncoded };

// Percent-encodes all bytes but unreserved characters (RFC 3986, 2.3: letters, digits, "-._~"), with
// hexadecimal digits in upper case, as AWS's Signature Version 4 wants them too.
std::string PercentEncode(std::string_view text, Slashes slashes = Slashes::kEncoded);

}  // namespace pano
