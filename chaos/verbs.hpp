// SPDX-License-Identifier: BSD-3-Clause
// The entries of the table of verbs, each defined in the file of its name.
#pragma once

#include "chaos/verb.hpp"

namespace chaos::cli {

extern const Verb create_verb;
extern const Verb destroy_verb;
extern const Verb shutdown_verb;
extern const Verb reboot_verb;
extern const Verb pause_verb;
extern const Verb unpause_verb;
extern const Verb list_verb;
extern const Verb info_verb;
extern const Verb console_verb;
extern const Verb network_attach_verb;
extern const Verb network_detach_verb;
extern const Verb network_list_verb;
extern const Verb block_attach_verb;
extern const Verb block_detach_verb;
extern const Verb block_list_verb;
extern const Verb domid_verb;
extern const Verb domname_verb;
extern const Verb rename_verb;
extern const Verb pool_list_verb;
extern const Verb pool_create_verb;
extern const Verb pool_resize_verb;
extern const Verb pool_drain_verb;
extern const Verb pool_delete_verb;
extern const Verb flavour_list_verb;
extern const Verb flavour_show_verb;
extern const Verb flavour_set_verb;
extern const Verb flavour_delete_verb;
extern const Verb events_verb;
extern const Verb version_verb;
extern const Verb help_verb;
extern const Verb generate_verb;

} // namespace chaos::cli
