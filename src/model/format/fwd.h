#pragma once

namespace pano::format {

class Weights;
struct ModelFiles;

}  // namespace pano::format
