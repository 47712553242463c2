#include "base/curl/library.h"

#include <dlfcn.h>

#include "base/strings.h"

namespace pano {
namespace {

// The name of the interface that curl.h describes: what a program linked with it would have loaded.
constexpr char kFile[] = "libcurl.so.4";

struct Loaded {
  CurlLibrary library;
  Status status;
};

template <typename Function>
Status Find(void* handle, const char* name, Function* function) {
  *function = reinterpret_cast<Function>(::dlsym(handle, name));
  if (*function != nullptr) return {};
  return NotFound(StrCat(kFile, " has no ", name, ": install libcurl4"));
}

Status LoadInto(CurlLibrary* c) {
  void* const handle = ::dlopen(kFile, RTLD_LAZY | RTLD_LOCAL);
  if (handle == nullptr) {
    const char* const why = ::dlerror();
    return NotFound(StrCat("HTTP needs what cannot be loaded: ",
                           Printable(why != nullptr ? why : kFile, 200), ": install libcurl4"));
  }
  PANO_RETURN_IF_ERROR(Find(handle, "curl_global_init", &c->global_init));
  PANO_RETURN_IF_ERROR(Find(handle, "curl_easy_init", &c->easy_init));
  PANO_RETURN_IF_ERROR(Find(handle, "curl_easy_setopt", &c->easy_setopt));
  PANO_RETURN_IF_ERROR(Find(handle, "curl_easy_perform", &c->easy_perform));
  PANO_RETURN_IF_ERROR(Find(handle, "curl_easy_reset", &c->easy_reset));
  PANO_RETURN_IF_ERROR(Find(handle, "curl_easy_cleanup", &c->easy_cleanup));
  PANO_RETURN_IF_ERROR(Find(handle, "curl_easy_strerror", &c->easy_strerror));
  PANO_RETURN_IF_ERROR(Find(handle, "curl_slist_append", &c->slist_append));
  PANO_RETURN_IF_ERROR(Find(handle, "curl_slist_free_all", &c->slist_free_all));
  PANO_RETURN_IF_ERROR(Find(handle, "curl_getdate", &c->getdate));
  PANO_RETURN_IF_ERROR(Find(handle, "curl_url", &c->url));
  PANO_RETURN_IF_ERROR(Find(handle, "curl_url_cleanup", &c->url_cleanup));
  PANO_RETURN_IF_ERROR(Find(handle, "curl_url_set", &c->url_set));
  PANO_RETURN_IF_ERROR(Find(handle, "curl_url_get", &c->url_get));
  PANO_RETURN_IF_ERROR(Find(handle, "curl_free", &c->free));
  const CURLcode started = c->global_init(CURL_GLOBAL_DEFAULT);
  if (started == CURLE_OK) return {};
  return Internal(StrCat("libcurl cannot start: ", c->easy_strerror(started)));
}

}  // namespace

Result<const CurlLibrary*> CurlLibrary::Load() {
  static const Loaded loaded = [] {
    Loaded made;
    made.status = LoadInto(&made.library);
    return made;
  }();
  if (!loaded.status.ok()) return loaded.status;
  return &loaded.library;
}

}  // namespace pano
