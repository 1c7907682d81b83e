# bandstand_module: one static library a folder (or a part of one), with the layer rule checked at configure time.
#
#   bandstand_module(NAME agents_bid LAYER_OF agents DESCRIPTION "names a price"
#                    SOURCES ... HEADERS ... DEPS base domain EXTERNAL simdjson TESTS x_test.cc)
#
# DEPS are other modules: refused unless their folder is on a lower layer, or the same folder.
# A TESTS entry builds one gtest program per module, <NAME>_test, registered case by case.

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

function(bandstand_module)
  cmake_parse_arguments(M "" "NAME;LAYER_OF;DESCRIPTION" "SOURCES;HEADERS;DEPS;EXTERNAL;TESTS;TEST_DEPS" ${ARGN})
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
    bandstand_test(NAME ${M_NAME}_test SOURCES ${M_TESTS} DEPS ${M_NAME} ${M_TEST_DEPS})
  endif()
endfunction()

# bandstand_test: a gtest program whose cases ctest knows by name. No layer rule: tests may use anything.
function(bandstand_test)
  cmake_parse_arguments(T "" "NAME" "SOURCES;DEPS;EXTERNAL" ${ARGN})
  if(NOT BANDSTAND_TESTS)
    return()
  endif()
  set(libs ${T_DEPS})
  list(TRANSFORM libs PREPEND bandstand_)
  add_executable(${T_NAME} ${T_SOURCES})
  target_link_libraries(${T_NAME} PRIVATE ${libs} ${T_EXTERNAL} GTest::gmock_main)
  target_compile_definitions(${T_NAME} PRIVATE BANDSTAND_SOURCE_DIR="${CMAKE_SOURCE_DIR}")
  gtest_discover_tests(${T_NAME} DISCOVERY_MODE PRE_TEST PROPERTIES TIMEOUT 600)
endfunction()

function(bandstand_print_map)
  get_property(map GLOBAL PROPERTY BANDSTAND_MAP)
  list(SORT map COMPARE NATURAL ORDER DESCENDING)
  message(STATUS "modules, by layer (name: what it is <- what it uses)")
  foreach(line IN LISTS map)
    message(STATUS "  ${line}")
  endforeach()
endfunction()
