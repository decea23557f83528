# Writes call_names.inc: the names of system calls and hypercalls as the installed headers give them, for trace_calls.
# Where a header gives one number several names, the first is right; with LAST, the last.
function(append_names table header pattern)
  string(APPEND content "constexpr CallName ${table}[] = {\n")
  find_file(found_${table} ${header} PATHS /usr/include PATH_SUFFIXES ${CMAKE_LIBRARY_ARCHITECTURE} REQUIRED)
  file(STRINGS ${found_${table}} lines REGEX "^#define +${pattern} +\\(?[0-9]+\\)?( .*)?$")
  if("${ARGN}" STREQUAL "LAST")
    list(REVERSE lines)
  endif()
  foreach(line IN LISTS lines)
    string(REGEX MATCH "^#define +${pattern} +\\(?([0-9]+)" _ "${line}")
    string(APPEND content "    {${CMAKE_MATCH_2}, \"${CMAKE_MATCH_1}\"},\n")
  endforeach()
  string(APPEND content "};\n")
  set(content "${content}" PARENT_SCOPE)
endfunction()

function(write_call_names file)
  set(content "")
  append_names(syscall_names asm/unistd_64.h "__NR_([a-z0-9_]+)")
  append_names(domctl_names xen/domctl.h "XEN_DOMCTL_([a-z0-9_]+)" LAST)
  append_names(sysctl_names xen/sysctl.h "XEN_SYSCTL_([a-z0-9_]+)" LAST)
  append_names(memory_op_names xen/memory.h "XENMEM_([a-z0-9_]+)")
  append_names(version_names xen/version.h "XENVER_([a-z0-9_]+)")
  append_names(grant_names xen/grant_table.h "GNTTABOP_([a-z0-9_]+)")
  append_names(sched_names xen/sched.h "SCHEDOP_([a-z0-9_]+)")
  append_names(event_channel_names xen/event_channel.h "EVTCHNOP_([a-z0-9_]+)")
  append_names(hvm_op_names xen/hvm/hvm_op.h "HVMOP_([a-z0-9_]+)")
  # Linux does not install the headers of these devices.
  string(APPEND content "constexpr CallName privcmd_names[] = {{2, \"mmap\"}, {3, \"mmapbatch\"}, "
    "{4, \"mmapbatch_v2\"}, {5, \"dm_op\"}, {6, \"restrict\"}, {7, \"mmap_resource\"}};\n"
    "constexpr CallName evtchn_names[] = {{0, \"bind_virq\"}, {1, \"bind_interdomain\"}, "
    "{2, \"bind_unbound_port\"}, {3, \"unbind\"}, {4, \"notify\"}, {5, \"reset\"}, {6, \"restrict_domid\"}};\n")
  file(CONFIGURE OUTPUT ${file} CONTENT "${content}" @ONLY)
endfunction()
