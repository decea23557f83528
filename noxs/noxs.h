// SPDX-License-Identifier: BSD-3-Clause
// The noxs contract: what a toolstack, a back-end and a guest agree on in guest memory (see docs/noxs.md).
//
// Freestanding, C11 and C++20. Every structure below lives in a page of the guest that the other side may
// change at any moment: copy a field once, check the copy, use the copy. All integers are little-endian,
// naturally aligned, and 32-bit fields are read and written whole.
#ifndef NOXS_NOXS_H
#define NOXS_NOXS_H

#include <stddef.h>
#include <stdint.h>

#ifdef __cplusplus
#define NOXS_ASSERT(condition, text) static_assert(condition, text)
extern "C" {
#else
#define NOXS_ASSERT(condition, text) _Static_assert(condition, text)
#endif

// "NOXS" as it lies in memory.
#define NOXS_MAGIC 0x53584f4eu

// The version rule: MAJOR is raised when a guest built for the old contract could misread a page; a guest
// refuses a major it does not know. MINOR is raised when reserved fields, types or bits gain a meaning; both
// sides treat what they do not know as zero.
#define NOXS_VERSION_MAJOR 1
#define NOXS_VERSION_MINOR 1

// A kernel says that it speaks noxs by this ELF note; its descriptor is one uint32_t, MAJOR << 16 | MINOR.
#define NOXS_ELF_NOTE_NAME "noxs"
#define NOXS_ELF_NOTE_TYPE_VERSION 1u

#define NOXS_PAGE_SIZE 4096u
#define NOXS_ENTRY_COUNT 126u

// Entry n is granted by reference NOXS_FIRST_GRANT + n, used or not: these references belong to the toolstack, those
// above them to the guest. (Xen reserves 0 to 7: xen/grant_table.h.)
#define NOXS_FIRST_GRANT 8u
#define NOXS_FIRST_GUEST_GRANT (NOXS_FIRST_GRANT + NOXS_ENTRY_COUNT)

// ---- the device page: written by the toolstack only ------------------------------------------------------

struct noxs_device_page_header {
    uint32_t magic;         // NOXS_MAGIC
    uint16_t version_major; // NOXS_VERSION_MAJOR
    uint16_t version_minor; // NOXS_VERSION_MINOR
    uint32_t generation;    // odd while the page is being changed; raised by two with every change
    uint16_t entry_count;   // slots that follow, used or empty; at most NOXS_ENTRY_COUNT
    uint16_t domain;        // the guest's own domain id
    uint64_t reserved[6];   // zero
};
NOXS_ASSERT(sizeof(struct noxs_device_page_header) == 64, "the header fills one cache line");
NOXS_ASSERT(offsetof(struct noxs_device_page_header, generation) == 8, "noxs header layout");
NOXS_ASSERT(offsetof(struct noxs_device_page_header, entry_count) == 12, "noxs header layout");
NOXS_ASSERT(offsetof(struct noxs_device_page_header, domain) == 14, "noxs header layout");

enum noxs_device_type {
    NOXS_DEVICE_NONE = 0,    // an empty slot
    NOXS_DEVICE_SYSTEM = 1,  // power, suspend, "ready"; always entry 0
    NOXS_DEVICE_CONSOLE = 2, // its control page is Xen's struct xencons_interface (xen/io/console.h)
    NOXS_DEVICE_VIF = 3,     // since 1.1: struct noxs_vif_page; rings of xen/io/netif.h
    NOXS_DEVICE_VBD = 4,     // since 1.1: struct noxs_vbd_page; rings of xen/io/blkif.h
};

struct noxs_device_entry {
    uint32_t type;            // enum noxs_device_type
    uint16_t id;              // counts devices of one type from 0
    uint16_t backend_domain;  // who serves the device
    uint32_t event_channel;   // the guest's local port, already allocated for backend_domain
    uint32_t grant_reference; // grants control_gfn to backend_domain; the guest leaves it alone
    uint64_t control_gfn;     // the guest's own page that both sides share
    uint32_t instance;        // since 1.1: raised whenever this slot gets another device; 0 in 1.0
    uint32_t reserved;        // zero
};
NOXS_ASSERT(sizeof(struct noxs_device_entry) == 32, "two entries fill one cache line");
NOXS_ASSERT(offsetof(struct noxs_device_entry, event_channel) == 8, "noxs entry layout");
NOXS_ASSERT(offsetof(struct noxs_device_entry, grant_reference) == 12, "noxs entry layout");
NOXS_ASSERT(offsetof(struct noxs_device_entry, control_gfn) == 16, "noxs entry layout");
NOXS_ASSERT(offsetof(struct noxs_device_entry, instance) == 24, "noxs entry layout");

struct noxs_device_page {
    struct noxs_device_page_header header;
    struct noxs_device_entry entries[NOXS_ENTRY_COUNT];
};
NOXS_ASSERT(sizeof(struct noxs_device_page) == NOXS_PAGE_SIZE, "the device page is one page");

// ---- the system device's control page ---------------------------------------------------------------------

enum noxs_system_request {
    NOXS_REQUEST_NONE = 0,
    NOXS_REQUEST_POWEROFF = 1,
    NOXS_REQUEST_REBOOT = 2,
    NOXS_REQUEST_SUSPEND = 3, // reserved: no toolstack sends it yet, a guest refuses it
    NOXS_REQUEST_CRASH = 4,   // fault on purpose, to test crash handling
};

enum noxs_system_state {
    NOXS_STATE_BOOTING = 0,  // as the toolstack leaves the page
    NOXS_STATE_READY = 1,    // the guest does what it was made for
    NOXS_STATE_STOPPING = 2, // the guest is on its way to power off or reboot
};

enum noxs_system_answer {
    NOXS_ANSWER_NONE = 0,
    NOXS_ANSWER_ACCEPTED = 1,
    NOXS_ANSWER_REFUSED = 2, // the guest does not know or does not support the request
};

// Bits of noxs_system_guest_half.features, one for each request the guest carries out.
#define NOXS_FEATURE_POWEROFF (1u << NOXS_REQUEST_POWEROFF)
#define NOXS_FEATURE_REBOOT (1u << NOXS_REQUEST_REBOOT)
#define NOXS_FEATURE_SUSPEND (1u << NOXS_REQUEST_SUSPEND)
#define NOXS_FEATURE_CRASH (1u << NOXS_REQUEST_CRASH)
// Since 1.1: the guest reads the device page again after each event on the system device, so devices can come and go
// while it runs.
#define NOXS_FEATURE_HOTPLUG (1u << 16)

// Written by the back-end only.
struct noxs_system_backend_half {
    uint32_t request;          // enum noxs_system_request; valid once request_sequence has moved
    uint32_t request_sequence; // raised by one, after `request` is written, for every request
    uint32_t reserved[14];     // zero
};

// Written by the guest only.
struct noxs_system_guest_half {
    uint32_t state;           // enum noxs_system_state
    uint32_t features;        // NOXS_FEATURE_*; written before `state` becomes READY
    uint32_t answer_sequence; // the request_sequence that `answer` belongs to; written after it
    uint32_t answer;          // enum noxs_system_answer
    uint32_t reserved[12];    // zero
};

struct noxs_system_page {
    struct noxs_system_backend_half backend;
    struct noxs_system_guest_half guest;
    uint8_t reserved[NOXS_PAGE_SIZE - 128]; // zero
};
NOXS_ASSERT(offsetof(struct noxs_system_page, guest) == 64, "each half has its own cache line");
NOXS_ASSERT(sizeof(struct noxs_system_guest_half) == 64, "each half fills its cache line");
NOXS_ASSERT(offsetof(struct noxs_system_backend_half, request_sequence) == 4, "noxs system layout");
NOXS_ASSERT(offsetof(struct noxs_system_guest_half, features) == 4, "noxs system layout");
NOXS_ASSERT(offsetof(struct noxs_system_guest_half, answer_sequence) == 8, "noxs system layout");
NOXS_ASSERT(offsetof(struct noxs_system_guest_half, answer) == 12, "noxs system layout");
NOXS_ASSERT(sizeof(struct noxs_system_page) == NOXS_PAGE_SIZE, "a control page is one page");

// ---- the control page of a vif or a vbd (since 1.1) -------------------------------------------------------
//
// Three parts of 64 bytes, each on its own cache line with one writer: what the device is (the toolstack, before
// the entry appears; it does not change while the instance lives), what the back-end says, what the guest says.

enum noxs_backend_state {
    NOXS_BACKEND_ABSENT = 0,    // as the toolstack leaves the page: nobody has looked at it yet
    NOXS_BACKEND_CONNECTED = 1, // the offer `answer_sequence` is served with `features`
    NOXS_BACKEND_CLOSING = 2,   // the device is to be removed: the guest finishes and says CLOSED
    NOXS_BACKEND_CLOSED = 3,    // nothing of the guest is mapped any more: it may take its grants back
    NOXS_BACKEND_FAILED = 4,    // the guest broke the protocol; the device is dead, nothing is mapped
};

enum noxs_frontend_state {
    NOXS_FRONTEND_IDLE = 0,    // as the toolstack leaves the page
    NOXS_FRONTEND_OFFERED = 1, // rings and features are valid
    NOXS_FRONTEND_CLOSED = 2,  // the guest uses the device no more
};

// Written by the back-end only.
struct noxs_backend_half {
    uint32_t state; // enum noxs_backend_state
    uint32_t
        answer_sequence;   // the guest's `sequence` that `state` and `features` belong to; written after them
    uint32_t features;     // of those the guest offered, the ones in use
    uint32_t reserved[13]; // zero
};
NOXS_ASSERT(sizeof(struct noxs_backend_half) == 64, "each half fills its cache line");
NOXS_ASSERT(offsetof(struct noxs_backend_half, answer_sequence) == 4, "noxs back-end half layout");
NOXS_ASSERT(offsetof(struct noxs_backend_half, features) == 8, "noxs back-end half layout");

#define NOXS_MAXIMUM_RING_PAGES 8u

// Written by the guest only. The same for both kinds of device, so that one piece of code can read it.
struct noxs_frontend_half {
    uint32_t state;      // enum noxs_frontend_state
    uint32_t sequence;   // raised by one, after all else is written, for every change of this half
    uint32_t features;   // NOXS_VIF_* or NOXS_VBD_* bits that the guest can use
    uint32_t ring_pages; // vif: 2 (transmit, receive); vbd: 1, 2, 4 or 8 pages of one ring
    uint32_t ring_references[NOXS_MAXIMUM_RING_PAGES]; // grants of the ring pages, read-write, in order
    uint32_t reserved[4];                              // zero
};
NOXS_ASSERT(sizeof(struct noxs_frontend_half) == 64, "each half fills its cache line");
NOXS_ASSERT(offsetof(struct noxs_frontend_half, sequence) == 4, "noxs front-end half layout");
NOXS_ASSERT(offsetof(struct noxs_frontend_half, features) == 8, "noxs front-end half layout");
NOXS_ASSERT(offsetof(struct noxs_frontend_half, ring_pages) == 12, "noxs front-end half layout");
NOXS_ASSERT(offsetof(struct noxs_frontend_half, ring_references) == 16, "noxs front-end half layout");

// Features of a vif. Transmit is from the guest, receive is to it.
#define NOXS_VIF_SCATTER_GATHER                                                                              \
    (1u << 0)                       // frames may span several requests (NETTXF_more_data, NETRXF_more_data)
#define NOXS_VIF_GSO_TCP4 (1u << 1) // both ways: XEN_NETIF_EXTRA_TYPE_GSO for TCP over IPv4
#define NOXS_VIF_GSO_TCP6 (1u << 2) // the same over IPv6
#define NOXS_VIF_CHECKSUM_BLANK                                                                              \
    (1u << 3) // the guest takes received frames whose checksum is still to be filled in
// Grant references in requests come from a small set that stays granted while connected: read-write ones on the receive
// ring, read-only or read-write ones on the transmit ring; the back-end may keep them mapped.
#define NOXS_VIF_PERSISTENT (1u << 4)

// Written by the toolstack only.
struct noxs_vif_config {
    uint8_t mac[6];          // the guest's address
    uint16_t mtu;            // bytes of an Ethernet frame's payload, 68 to 65535
    uint8_t ipv4[4];         // address the guest is asked to use, in network order; 0.0.0.0: none, ask DHCP
    uint8_t ipv4_gateway[4]; // 0.0.0.0: none
    uint8_t ipv4_prefix;     // bits of the network part, 0 to 32
    uint8_t reserved[47];    // zero
};
NOXS_ASSERT(sizeof(struct noxs_vif_config) == 64, "the configuration fills its cache line");
NOXS_ASSERT(offsetof(struct noxs_vif_config, mtu) == 6, "noxs vif layout");
NOXS_ASSERT(offsetof(struct noxs_vif_config, ipv4) == 8, "noxs vif layout");
NOXS_ASSERT(offsetof(struct noxs_vif_config, ipv4_gateway) == 12, "noxs vif layout");
NOXS_ASSERT(offsetof(struct noxs_vif_config, ipv4_prefix) == 16, "noxs vif layout");

struct noxs_vif_page {
    struct noxs_vif_config config;
    struct noxs_backend_half backend;
    struct noxs_frontend_half frontend;
    uint8_t reserved[NOXS_PAGE_SIZE - 192]; // zero
};
NOXS_ASSERT(offsetof(struct noxs_vif_page, backend) == 64, "each part has its own cache line");
NOXS_ASSERT(offsetof(struct noxs_vif_page, frontend) == 128, "each part has its own cache line");
NOXS_ASSERT(sizeof(struct noxs_vif_page) == NOXS_PAGE_SIZE, "a control page is one page");

// Features of a vbd.
#define NOXS_VBD_FLUSH (1u << 0)      // BLKIF_OP_FLUSH_DISKCACHE
#define NOXS_VBD_DISCARD (1u << 1)    // BLKIF_OP_DISCARD
#define NOXS_VBD_INDIRECT (1u << 2)   // BLKIF_OP_INDIRECT, up to 256 segments
#define NOXS_VBD_PERSISTENT (1u << 3) // as NOXS_VIF_PERSISTENT, for data and indirect pages

// Bits of noxs_vbd_config.flags.
#define NOXS_VBD_READ_ONLY (1u << 0)

// Written by the toolstack only.
struct noxs_vbd_config {
    uint64_t sectors;     // of 512 bytes each, as the ring protocol counts them
    uint32_t sector_size; // smallest unit and alignment of a request, bytes: 512 or 4096
    uint32_t flags;       // NOXS_VBD_READ_ONLY
    char name[16];        // as in the guest's configuration ("xvda"), padded with zeros
    uint8_t reserved[32]; // zero
};
NOXS_ASSERT(sizeof(struct noxs_vbd_config) == 64, "the configuration fills its cache line");
NOXS_ASSERT(offsetof(struct noxs_vbd_config, sector_size) == 8, "noxs vbd layout");
NOXS_ASSERT(offsetof(struct noxs_vbd_config, flags) == 12, "noxs vbd layout");
NOXS_ASSERT(offsetof(struct noxs_vbd_config, name) == 16, "noxs vbd layout");

struct noxs_vbd_page {
    struct noxs_vbd_config config;
    struct noxs_backend_half backend;
    struct noxs_frontend_half frontend;
    uint8_t reserved[NOXS_PAGE_SIZE - 192]; // zero
};
NOXS_ASSERT(offsetof(struct noxs_vbd_page, backend) == 64, "each part has its own cache line");
NOXS_ASSERT(offsetof(struct noxs_vbd_page, frontend) == 128, "each part has its own cache line");
NOXS_ASSERT(sizeof(struct noxs_vbd_page) == NOXS_PAGE_SIZE, "a control page is one page");

#ifdef __cplusplus
}
#endif

#endif
