// SPDX-License-Identifier: BSD-3-Clause
// Keeps the C++ library from setting its standard streams and their locale up before main().
#include <ios>

namespace std {
ios_base::Init::Init() {}
ios_base::Init::~Init() {}
} // namespace std
