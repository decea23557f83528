// SPDX-License-Identifier: BSD-3-Clause
// Compiles the contract as freestanding C11; its assertions are the test.
#include "noxs/noxs.h"

typedef struct noxs_device_page noxs_header_compiles;
