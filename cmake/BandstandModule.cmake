# bandstand_module: one static library a folder (or a part of one), with the layer rule checked at configure time.
#
#   bandstand_module(NAME agents_bid LAYER_OF agents DESCRIPTION "names a price"
#                    SOURCES ... HEADERS ... DEPS base domain EXTERNAL simdjson TESTS x_test.cc)
#
# DEPS are other modules: refused unless their folder is on a lower layer, or the same folder.
# A TESTS entry builds one gtest program per module, <NAME>_test, registered case by case.
#
# Labels of ctest: `slow` are the cases that SLOW_TESTS names (a gtest filter): ./dev test runs them, the sanitizers do not.
# `threads` are all others of a program in which a thread is started: a source of it, or of a module below it, includes
# <thread>, <future> or <pthread.h>. The target threaded_tests builds those programs and no other.

file(STRINGS ${CMAKE_SOURCE_DIR}/LAYERS _layer_lines REGEX "^[0-9]")
foreach(_line IN LISTS _layer_lines)
  string(REGEX MATCH "^([0-9]+) +([a-z_]+) +([a-z]+)" _ "${_line}")
  set(BANDSTAND_LAYER_${CMAKE_MATCH_2} ${CMAKE_MATCH_1})
  set(BANDSTAND_WHERE_${CMAKE_MATCH_2} ${CMAKE_MATCH_3})
endforeach()

set_property(GLOBAL PROPERTY BANDSTAND_MAP "")

function(_bandstand_check_dep name folder dep)
  get_property(dep_folder GLOBAL PROPERTY BANDSTAND_FOLDER_${dep})
  if(NOT dep_folder)
    message(FATAL_ERROR "${name}: DEPS names '${dep}', which is no module (declared later, or misspelt)")
  endif()
  if(NOT dep_folder STREQUAL folder AND
     NOT BANDSTAND_LAYER_${dep_folder} LESS BANDSTAND_LAYER_${folder})
    message(FATAL_ERROR "${name} (layer ${BANDSTAND_LAYER_${folder}}) may not depend on ${dep} "
                        "(layer ${BANDSTAND_LAYER_${dep_folder}}); see LAYERS")
  endif()
  if(BANDSTAND_WHERE_${folder} STREQUAL "online" AND BANDSTAND_WHERE_${dep_folder} STREQUAL "offline")
    message(FATAL_ERROR "${name} is online and may not depend on ${dep}, which is offline; see LAYERS")
  endif()
endfunction()

# _bandstand_find_threads(OUT SOURCES ... DEPS ...): whether these sources or modules start threads.
function(_bandstand_find_threads out)
  cmake_parse_arguments(F "" "" "SOURCES;DEPS" ${ARGN})
  set(${out} FALSE PARENT_SCOPE)
  foreach(dep IN LISTS F_DEPS)
    get_property(threads GLOBAL PROPERTY BANDSTAND_THREADS_${dep})
    if(threads)
      set(${out} TRUE PARENT_SCOPE)
    endif()
  endforeach()
  foreach(source IN LISTS F_SOURCES)
    cmake_path(ABSOLUTE_PATH source)
    file(STRINGS ${source} found REGEX "^#include <(thread|future|pthread\\.h)>" LIMIT_COUNT 1)
    if(found)
      set(${out} TRUE PARENT_SCOPE)
    endif()
  endforeach()
endfunction()

function(bandstand_module)
  cmake_parse_arguments(M "" "NAME;LAYER_OF;DESCRIPTION;SLOW_TESTS" "SOURCES;HEADERS;DEPS;EXTERNAL;TESTS;TEST_DEPS" ${ARGN})
  if(NOT M_DESCRIPTION)
    message(FATAL_ERROR "${M_NAME}: a module needs a DESCRIPTION")
  endif()
  if(NOT M_LAYER_OF)
    set(M_LAYER_OF ${M_NAME})
  endif()
  if(NOT DEFINED BANDSTAND_LAYER_${M_LAYER_OF})
    message(FATAL_ERROR "${M_NAME}: folder '${M_LAYER_OF}' has no line in LAYERS")
  endif()
  set_property(GLOBAL PROPERTY BANDSTAND_FOLDER_${M_NAME} ${M_LAYER_OF})
  set_property(GLOBAL APPEND PROPERTY BANDSTAND_MAP
               "${BANDSTAND_LAYER_${M_LAYER_OF}}  ${M_NAME}: ${M_DESCRIPTION} <- ${M_DEPS}")
  foreach(dep IN LISTS M_DEPS)
    _bandstand_check_dep(${M_NAME} ${M_LAYER_OF} ${dep})
  endforeach()

  _bandstand_find_threads(threads SOURCES ${M_SOURCES} ${M_HEADERS} DEPS ${M_DEPS})
  set_property(GLOBAL PROPERTY BANDSTAND_THREADS_${M_NAME} ${threads})

  set(libs ${M_DEPS})
  list(TRANSFORM libs PREPEND bandstand_)
  if(M_SOURCES)
    add_library(bandstand_${M_NAME} STATIC ${M_SOURCES})
    set(scope PUBLIC)
  else()
    add_library(bandstand_${M_NAME} INTERFACE)
    set(scope INTERFACE)
  endif()
  target_link_libraries(bandstand_${M_NAME} ${scope} ${libs} ${M_EXTERNAL})
  target_include_directories(bandstand_${M_NAME} ${scope} ${CMAKE_SOURCE_DIR}/src)
  if(M_HEADERS)
    target_sources(bandstand_${M_NAME} ${scope} FILE_SET HEADERS
                   BASE_DIRS ${CMAKE_SOURCE_DIR}/src FILES ${M_HEADERS})
    set_target_properties(bandstand_${M_NAME} PROPERTIES VERIFY_INTERFACE_HEADER_SETS ON)
  endif()

  if(M_TESTS AND BANDSTAND_TESTS)
    bandstand_test(NAME ${M_NAME}_test SOURCES ${M_TESTS} DEPS ${M_NAME} ${M_TEST_DEPS} SLOW_TESTS ${M_SLOW_TESTS})
  endif()
endfunction()

add_custom_target(threaded_tests)

# bandstand_test: a gtest program whose cases ctest knows by name. No layer rule: tests may use anything.
function(bandstand_test)
  cmake_parse_arguments(T "" "NAME;SLOW_TESTS" "SOURCES;DEPS;EXTERNAL" ${ARGN})
  if(NOT BANDSTAND_TESTS)
    return()
  endif()
  set(libs ${T_DEPS})
  list(TRANSFORM libs PREPEND bandstand_)
  add_executable(${T_NAME} ${T_SOURCES})
  target_link_libraries(${T_NAME} PRIVATE ${libs} ${T_EXTERNAL} GTest::gmock_main)
  target_compile_definitions(${T_NAME} PRIVATE BANDSTAND_SOURCE_DIR="${CMAKE_SOURCE_DIR}")
  _bandstand_find_threads(threads SOURCES ${T_SOURCES} DEPS ${T_DEPS})
  set(label "")
  if(threads)
    set(label LABELS threads)
    add_dependencies(threaded_tests ${T_NAME})
  endif()
  set(quick "")
  if(T_SLOW_TESTS)
    set(quick TEST_FILTER "-${T_SLOW_TESTS}")
    gtest_discover_tests(${T_NAME} DISCOVERY_MODE PRE_TEST TEST_FILTER "${T_SLOW_TESTS}" TEST_LIST ${T_NAME}_SLOW
                         PROPERTIES TIMEOUT 600 LABELS slow)
  endif()
  gtest_discover_tests(${T_NAME} DISCOVERY_MODE PRE_TEST ${quick} PROPERTIES TIMEOUT 600 ${label})
endfunction()

function(bandstand_print_map)
  get_property(map GLOBAL PROPERTY BANDSTAND_MAP)
  list(SORT map COMPARE NATURAL ORDER DESCENDING)
  message(STATUS "modules, by layer (name: what it is <- what it uses)")
  foreach(line IN LISTS map)
    message(STATUS "  ${line}")
  endforeach()
endfunction()
