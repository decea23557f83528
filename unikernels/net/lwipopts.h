/* SPDX-License-Identifier: BSD-3-Clause */
/* How lwIP is built for our guests: IPv4 only, no threads, no pools, no timers of its own (network.cpp has them), memory from
 * the heap as it is needed, and checksums where the other side of a vif does not see to them. */
#ifndef UNIKERNELS_NET_LWIPOPTS_H
#define UNIKERNELS_NET_LWIPOPTS_H

#define NO_SYS 1
#define SYS_LIGHTWEIGHT_PROT 0
#define LWIP_SOCKET 0
#define LWIP_NETCONN 0
#define LWIP_TIMERS 0
#define LWIP_STATS 0
#define LWIP_NOASSERT 1

#define LWIP_IPV4 1
#define LWIP_IPV6 0
#define LWIP_ARP 1
#define LWIP_ICMP 1
#define LWIP_UDP 1
#define LWIP_TCP 1
#define LWIP_RAW 0
#define LWIP_DHCP 1
#define LWIP_DNS 0
#define LWIP_IGMP 0
#define LWIP_AUTOIP 0
#define IP_REASSEMBLY 0
#define IP_FRAG 0
#define LWIP_NETIF_API 0
#define LWIP_NETIF_REMOVE_CALLBACK 0
#define LWIP_DHCP_DOES_ACD_CHECK 0
#define DHCP_DOES_ARP_CHECK 0 /* it would take a second */
#define ETHARP_TRUST_IP_MAC 0
#define ETHARP_TABLE_MATCH_NETIF 1
#define LWIP_NUM_NETIF_CLIENT_DATA 0

/* Memory. */
#define MEM_ALIGNMENT 8
#define MEM_LIBC_MALLOC 1
#define MEMP_MEM_MALLOC 1
#define mem_clib_malloc network_allocate
#define mem_clib_calloc network_allocate_zeroed
#define mem_clib_free network_free
#define LWIP_SUPPORT_CUSTOM_PBUF 1

/* TCP. Windows are as large as the application said that it has buffers for. */
#define LWIP_DISABLE_TCP_SANITY_CHECKS 1
#define TCP_MSS 1460
#define LWIP_WND_SCALE 1
#define TCP_RCV_SCALE 5
#define TCP_WND network_receive_window
#define TCP_SND_BUF network_send_buffer
#define TCP_SND_QUEUELEN 512
#define TCP_MSL 15000 /* a guest that answers many soon forgets them */
#define TCP_OVERSIZE 0
#define TCP_LISTEN_BACKLOG 1
#define TCP_DEFAULT_LISTEN_BACKLOG 64
#define TCP_OOSEQ_MAX_PBUFS 16
#define LWIP_TCP_KEEPALIVE 0
#define LWIP_TCP_RTO_TIME 1000 /* RFC 6298 */
#define SO_REUSE 1
#define LWIP_HOOK_FILENAME "lwip_hooks.h"

/* Checksums: set for each interface, and on receipt for each frame. */
#define LWIP_CHECKSUM_CTRL_PER_NETIF 1
#define LWIP_CHKSUM network_checksum

#ifdef __cplusplus
extern "C" {
#endif
extern unsigned int network_receive_window;
extern unsigned int network_send_buffer;
void* network_allocate(unsigned long size);
void* network_allocate_zeroed(unsigned long count, unsigned long size);
void network_free(void* memory);
unsigned short network_checksum(const void* data, int length);
#ifdef __cplusplus
}
#endif

#endif
