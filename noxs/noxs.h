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
#define NOXS_VERSION_MINOR 0

// A kernel says that it speaks noxs by this ELF note; its descriptor is one uint32_t, MAJOR << 16 | MINOR.
#define NOXS_ELF_NOTE_NAME "noxs"
#define NOXS_ELF_NOTE_TYPE_VERSION 1u

#define NOXS_PAGE_SIZE 4096u
#define NOXS_ENTRY_COUNT 126u

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
};

struct noxs_device_entry {
    uint32_t type;            // enum noxs_device_type
    uint16_t id;              // counts devices of one type from 0
    uint16_t backend_domain;  // who serves the device
    uint32_t event_channel;   // the guest's local port, already allocated for backend_domain
    uint32_t grant_reference; // grants control_gfn to backend_domain; the guest leaves it alone
    uint64_t control_gfn;     // the guest's own page that both sides share
    uint64_t reserved;        // zero
};
NOXS_ASSERT(sizeof(struct noxs_device_entry) == 32, "two entries fill one cache line");
NOXS_ASSERT(offsetof(struct noxs_device_entry, event_channel) == 8, "noxs entry layout");
NOXS_ASSERT(offsetof(struct noxs_device_entry, grant_reference) == 12, "noxs entry layout");
NOXS_ASSERT(offsetof(struct noxs_device_entry, control_gfn) == 16, "noxs entry layout");

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

#ifdef __cplusplus
}
#endif

#endif
