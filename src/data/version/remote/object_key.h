#pragma once

#include <optional>
#include <string>
#include <string_view>

namespace pano::remote {

// An object's name: 32 lower-case hexadecimal digits (MD5), then ".dir" for a folder's manifest.
bool IsObjectId(std::string_view oid);
bool IsManifestId(std::string_view oid);
// The hash of the content alone: without ".dir".
std::string_view HashOf(std::string_view oid);

// Where caches and remotes keep an object below their root: "files/md5/ab/cdef...", and of DVC 2.x,
// whose hashes are of another kind, "ab/cdef...". REQUIRES: IsObjectId(oid).
std::string ObjectKey(std::string_view oid, bool legacy = false);
// The reverse of a key of today's layout; nothing for any other name.
std::optional<std::string> ObjectIdOfKey(std::string_view key);

}  // namespace pano::remote
