#include "app/auth/bearer/key_source.h"

#include <utility>

namespace pano::bearer {

void OwnKeys::Set(jose::KeySet keys) {
  auto next = std::make_shared<const jose::KeySet>(std::move(keys));
  MutexLock lock(mu_);
  if (view_.keys && *view_.keys == *next) return;
  view_ = {std::move(next), view_.generation + 1};
}

KeySource::View OwnKeys::Current() const {
  MutexLock lock(mu_);
  return view_;
}

}  // namespace pano::bearer
