/* SPDX-License-Identifier: BSD-3-Clause */
/* What lwIP wants to know of compiler and platform. */
#ifndef UNIKERNELS_NET_ARCH_CC_H
#define UNIKERNELS_NET_ARCH_CC_H

#include <sys/types.h> /* ssize_t */

#define LWIP_NO_INTTYPES_H 1
#define LWIP_NO_UNISTD_H 1
#define LWIP_NO_CTYPE_H 1
#define U16_F "u"
#define S16_F "d"
#define X16_F "x"
#define U32_F "u"
#define S32_F "d"
#define X32_F "x"
#define SZT_F "lu"

/* Nobody reads them: assertions and messages are left out. */
#define LWIP_PLATFORM_DIAG(message)
#define LWIP_PLATFORM_ASSERT(message)

#define LWIP_RAND() network_random()
#define lwip_htons(number) __builtin_bswap16(number)
#define lwip_htonl(number) __builtin_bswap32(number)

#ifdef __cplusplus
extern "C"
#endif
unsigned int network_random(void);

#endif
