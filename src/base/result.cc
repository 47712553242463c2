#include "base/result.h"

namespace pano::internal {

void NoValue(const Status& error) {
  CheckFailed("Result holds a value", error.ToString().c_str(), __FILE__, __LINE__);
}

}  // namespace pano::internal
