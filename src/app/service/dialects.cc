#include "app/service/dialects.h"

#include "app/api/native/dialect.h"
#include "app/api/openai/dialect.h"
#include "app/api/tfserving/dialect.h"

namespace pano::service {

std::vector<api::Dialect> AllDialects() {
  return {
      api::native::MakeDialect(),
      api::openai::MakeDialect(),
      api::tfserving::MakeDialect(),
  };
}

}  // namespace pano::service
