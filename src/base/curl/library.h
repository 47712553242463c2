#pragma once

#include <curl/curl.h>

#include "base/result.h"

namespace pano {

// The functions of libcurl for programs that seldom call them. It brings thirty libraries along,
// and loading those takes longer than a small repository's `pano data status`: so they are loaded
// when they are first needed. Each member is the function that has its name behind "curl_".
// Immutable, so as thread-safe as libcurl is.
struct CurlLibrary {
  decltype(&::curl_global_init) global_init = nullptr;
  decltype(&::curl_easy_init) easy_init = nullptr;
  decltype(&::curl_easy_setopt) easy_setopt = nullptr;
  decltype(&::curl_easy_perform) easy_perform = nullptr;
  decltype(&::curl_easy_reset) easy_reset = nullptr;
  decltype(&::curl_easy_cleanup) easy_cleanup = nullptr;
  decltype(&::curl_easy_strerror) easy_strerror = nullptr;
  decltype(&::curl_slist_append) slist_append = nullptr;
  decltype(&::curl_slist_free_all) slist_free_all = nullptr;
  decltype(&::curl_getdate) getdate = nullptr;
  decltype(&::curl_url) url = nullptr;
  decltype(&::curl_url_cleanup) url_cleanup = nullptr;
  decltype(&::curl_url_set) url_set = nullptr;
  decltype(&::curl_url_get) url_get = nullptr;
  decltype(&::curl_free) free = nullptr;

  // Loaded by the first call, and set up as libcurl wants it once in a process; it stays loaded.
  // NotFound, with what to install, where there is no libcurl. Thread-safe.
  static Result<const CurlLibrary*> Load();
};

}  // namespace pano
