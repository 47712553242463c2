#include "base/transport_address.h"

#include <gtest/gtest.h>

#include <string>

namespace pano {
namespace {

TEST(TransportAddress, ParsesWhatItPrints) {
  struct Case {
    const char* text;
    TransportAddress want;
    const char* printed;
  };
  for (const Case& c : {Case{"localhost:80", {"localhost", 80, ""}, "localhost:80"},
                        Case{"127.0.0.1:0", {"127.0.0.1", 0, ""}, "127.0.0.1:0"},
                        Case{"[::1]:65535", {"::1", 65535, ""}, "[::1]:65535"},
                        Case{"::1:8080", {"::1", 8080, ""}, "[::1]:8080"},
                        Case{"unix:/run/p.sock", {"", 0, "/run/p.sock"}, "unix:/run/p.sock"},
                        Case{"[unix]:80", {"unix", 80, ""}, "[unix]:80"},
                        Case{"unix:a:1", {"", 0, "a:1"}, "unix:a:1"}}) {
    const auto address = ParseTransportAddress(c.text);
    ASSERT_TRUE(address.ok()) << c.text;
    EXPECT_EQ(*address, c.want) << c.text;
    EXPECT_EQ(address->ToString(), c.printed);
    EXPECT_EQ(*ParseTransportAddress(c.printed), c.want);
  }
}

TEST(TransportAddress, RefusesWhatIsNone) {
  for (const std::string& text :
       {std::string(), std::string("host"), std::string("host:"), std::string("host:-0"),
        std::string("host:+1"), std::string("host: 1"), std::string("host:65536"),
        std::string("host:99999999999999999999"), std::string("host:0x10"), std::string(":80"),
        std::string("[]:80"), std::string("[[::1]]:80"), std::string("a\0b:80", 6),
        std::string("unix:"), "unix:" + std::string(108, 'x'), std::string("unix:a\0b", 8),
        std::string(254, 'h') + ":80"}) {
    EXPECT_EQ(ParseTransportAddress(text).status().code(), StatusCode::kInvalidArgument) << text;
  }
  EXPECT_TRUE(ParseTransportAddress(std::string(253, 'h') + ":80").ok());
  EXPECT_TRUE(ParseTransportAddress("unix:" + std::string(107, 'x')).ok());
}

}  // namespace
}  // namespace pano
