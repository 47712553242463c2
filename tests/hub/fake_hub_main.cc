// Serves the folders below a folder as repositories of a hub on loopback, for scripts and by hand:
//   pano-fake-hub FOLDER [TOKEN [RATE [direct]]]      FOLDER/org/name/config.json is a file of org/name
// RATE is in bytes a second, of each connection, 0 for any; an empty TOKEN asks for none. "direct" sends
// large files itself, where others are redirected to a second host.
// Prints its address and runs until it is killed.
#include <unistd.h>

#include <cstdio>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <string>
#include <string_view>

#include "app/hub/testing/fake_hub.h"

namespace fs = std::filesystem;

int main(int argc, char** argv) {
  if (argc < 2) {
    std::fprintf(stderr, "usage: pano-fake-hub FOLDER [TOKEN [RATE [direct]]]\n");
    return 2;
  }
  pano::hub::FakeHub hub;
  if (argc > 2) hub.RequireToken(argv[2]);
  if (argc > 3) {
    const auto rate = static_cast<uint64_t>(std::strtoull(argv[3], nullptr, 10));
    hub.SetFault([rate](const pano::hub::FakeRequest& request, pano::hub::FakeReply& reply) {
      if (request.cdn) reply.bytes_per_second = rate;
    });
  }
  const bool direct = argc > 4 && std::string_view(argv[4]) == "direct";
  for (const auto& entry : fs::recursive_directory_iterator(argv[1], fs::directory_options::follow_directory_symlink)) {
    if (!entry.is_regular_file()) continue;
    const fs::path path = entry.path().lexically_relative(argv[1]);
    auto part = path.begin();
    const std::string org = (part++)->string(), name = (part++)->string();
    const std::string file = path.lexically_relative(fs::path(org) / name).string();
    std::ifstream in(entry.path(), std::ios::binary);
    const std::string content(std::istreambuf_iterator<char>(in), {});
    const bool large = content.size() > 100'000 || file.ends_with(".safetensors") || file.ends_with(".gguf");
    hub.Put(org + "/" + name, file, content, large && !direct);
  }
  std::printf("%s\n", hub.url().c_str());
  std::fflush(stdout);
  while (true) ::pause();
}
