# For the debug build: other people's headers that take longest to read are read once for all targets, which saves more
# than half of its time. The release build reads what each file includes, so a missing #include does not stay hidden.
add_library(precompiled_headers STATIC ${CMAKE_CURRENT_LIST_DIR}/precompiled_headers.cpp)
find_package(GTest REQUIRED)
target_link_libraries(precompiled_headers PRIVATE GTest::gtest)
target_precompile_headers(precompiled_headers PRIVATE
  <algorithm> <array> <chrono> <condition_variable> <filesystem> <fstream> <functional> <iostream> <map> <memory> <mutex>
  <optional> <set> <span> <sstream> <string> <thread> <unordered_map> <utility> <variant> <vector>
  <boost/asio.hpp> <boost/beast/core.hpp> <boost/beast/http.hpp> <gtest/gtest.h> <nlohmann/json.hpp>)

function(use_precompiled_headers directory)
  get_property(targets DIRECTORY ${directory} PROPERTY BUILDSYSTEM_TARGETS)
  foreach(target IN LISTS targets)
    get_target_property(type ${target} TYPE)
    get_target_property(options ${target} COMPILE_OPTIONS)
    # A target with options of its own cannot read what was compiled without them.
    if(type MATCHES "EXECUTABLE|STATIC_LIBRARY|OBJECT_LIBRARY" AND NOT target STREQUAL precompiled_headers
        AND NOT options MATCHES "-fno-pie|-std=")
      target_precompile_headers(${target} REUSE_FROM precompiled_headers)
    endif()
  endforeach()
  get_property(subdirectories DIRECTORY ${directory} PROPERTY SUBDIRECTORIES)
  foreach(subdirectory IN LISTS subdirectories)
    use_precompiled_headers(${subdirectory})
  endforeach()
endfunction()
use_precompiled_headers(${PROJECT_SOURCE_DIR})
