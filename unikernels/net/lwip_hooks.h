/* SPDX-License-Identifier: BSD-3-Clause */
/* Where lwIP asks us: for the first sequence number of a TCP connection, which nobody is to guess. */
#ifndef UNIKERNELS_NET_LWIP_HOOKS_H
#define UNIKERNELS_NET_LWIP_HOOKS_H

#ifdef __cplusplus
extern "C"
#endif
unsigned int network_initial_sequence(unsigned int remote_address, unsigned short local_port,
                                      unsigned short remote_port);

#define LWIP_HOOK_TCP_ISN(local_ip, local_port, remote_ip, remote_port)                                      \
    network_initial_sequence(ip4_addr_get_u32(ip_2_ip4(remote_ip)), local_port, remote_port)

#endif
