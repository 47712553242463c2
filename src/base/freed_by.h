#pragma once

namespace pano {

// The deleter of a std::unique_ptr to an object of a C library, which has a function for that:
//   using Certificate = std::unique_ptr<X509, FreedBy<X509_free>>;
template <auto kFree>
struct FreedBy {
  template <typename T>
  void operator()(T* object) const {
    kFree(object);
  }
};

}  // namespace pano
