// SPDX-License-Identifier: BSD-3-Clause
// The small services of RFC 862, 863 and 864.
#pragma once

/// Sends back what it gets, on TCP and UDP port 7.
void start_echo();

/// Throws away what it gets, on TCP and UDP port 9.
void start_discard();

/// Sends the rotating pattern for as long as the other side takes it, on TCP port 19.
void start_chargen();
