#include "app/service/routes_page.h"

#include <gtest/gtest.h>

#include <cstdlib>
#include <fstream>
#include <sstream>
#include <string>

namespace pano::service {
namespace {

TEST(RoutesPage, HasALineForEachRoute) {
  const std::string lines = RouteLines();
  EXPECT_NE(lines.find("GET /livez open\n"), std::string::npos);
  EXPECT_NE(lines.find("POST /v1/models/{id}/predict models:{id}:predict\n"), std::string::npos);
  EXPECT_NE(lines.find("POST /v1/completions models:{model}:predict\n"), std::string::npos);
  EXPECT_NE(lines.find("GET /v1/models/{id}?format=tfs models:{id}:read\n"), std::string::npos);
  EXPECT_NE(lines.find("GET /metrics metrics:read\n"), std::string::npos);
}

// UPDATE=1 writes the page.
TEST(RoutesPage, IsNotStale) {
  const std::string path = std::string(PANO_SOURCE_DIR) + "/docs/routes.md";
  if (std::getenv("UPDATE")) std::ofstream(path) << RoutesPage();
  std::stringstream page;
  page << std::ifstream(path).rdbuf();
  EXPECT_EQ(page.str(), RoutesPage())
      << "docs/routes.md is stale: UPDATE=1 pano_app_service_test --gtest_filter='RoutesPage.*'";
}

}  // namespace
}  // namespace pano::service
