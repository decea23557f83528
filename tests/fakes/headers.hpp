// SPDX-License-Identifier: BSD-3-Clause
// Xen's C headers in the order and with the macros they need.
#pragma once

#define __XEN_TOOLS__ 1

extern "C" {
#include <xenctrl.h>
#include <xenevtchn.h>
#include <xenforeignmemory.h>
#include <xengnttab.h>
}
