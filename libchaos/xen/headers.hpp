// SPDX-License-Identifier: BSD-3-Clause
// Xen's C headers in the order and with the macros they need; included by this folder's .cpp files only.
#pragma once

#define __XEN_TOOLS__ 1

extern "C" {
#include <xenctrl.h>
#include <xenevtchn.h>
#include <xenforeignmemory.h>
#include <xengnttab.h>
#include <xentoollog.h>
}

namespace chaos::xen {

/// A logger that says nothing: Xen's libraries otherwise print to stderr, and libchaos never prints.
xentoollog_logger* silent_logger();

} // namespace chaos::xen
