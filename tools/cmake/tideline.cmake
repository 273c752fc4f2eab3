# How this tree declares its parts. Every folder lists its own targets in its own CMakeLists.txt:
#
#   tideline_proto(NAME tideline_type_proto FILES tideline/type/v1/event.proto ... DEPS ...)  messages
#   tideline_library(NAME tideline_base SRCS error.cc DEPS absl::status ...)
#   tideline_program(NAME tideline-replay SRCS main.cc DEPS ...)      -> build/<preset>/bin
#   tideline_test(NAME error_test SRCS error_test.cc DEPS ... [LABELS slow] [DATA])  run by ctest

set(TIDELINE_GEN ${CMAKE_BINARY_DIR}/gen)

function(tideline_settings target)
  target_compile_features(${target} PUBLIC cxx_std_20)
  target_include_directories(${target} PUBLIC ${CMAKE_SOURCE_DIR} ${TIDELINE_GEN})
  target_compile_options(${target} PRIVATE ${TIDELINE_WARNINGS})
endfunction()

# Generates C++ for protos (with GRPC also their services) into one library. ROOT is the import root
# the FILES are relative to (default: proto/).
function(tideline_proto)
  cmake_parse_arguments(P "GRPC" "NAME;ROOT" "FILES;DEPS" ${ARGN})
  if(NOT P_ROOT)
    set(P_ROOT ${CMAKE_SOURCE_DIR}/proto)
  endif()
  set(outs)
  foreach(file ${P_FILES})
    string(REGEX REPLACE "\\.proto$" "" stem ${file})
    set(out ${TIDELINE_GEN}/${stem}.pb.cc ${TIDELINE_GEN}/${stem}.pb.h)
    set(grpc)
    if(P_GRPC)
      list(APPEND out ${TIDELINE_GEN}/${stem}.grpc.pb.cc ${TIDELINE_GEN}/${stem}.grpc.pb.h)
      set(grpc --plugin=protoc-gen-grpc=$<TARGET_FILE:gRPC::grpc_cpp_plugin>
               --grpc_out=${TIDELINE_GEN})
    endif()
    add_custom_command(
      OUTPUT ${out}
      COMMAND ${CMAKE_COMMAND} -E make_directory ${TIDELINE_GEN}
      COMMAND protobuf::protoc -I ${P_ROOT} -I ${CMAKE_SOURCE_DIR}/proto
              --cpp_out=${TIDELINE_GEN} ${grpc} ${P_ROOT}/${file}
      DEPENDS ${P_ROOT}/${file}
      VERBATIM)
    list(APPEND outs ${out})
  endforeach()
  add_library(${P_NAME} STATIC ${outs})
  target_compile_features(${P_NAME} PUBLIC cxx_std_20)
  target_include_directories(${P_NAME} SYSTEM PUBLIC ${TIDELINE_GEN})
  target_link_libraries(${P_NAME} PUBLIC protobuf::libprotobuf ${P_DEPS})
  if(P_GRPC)
    target_link_libraries(${P_NAME} PUBLIC gRPC::grpc++)
  endif()
  if(P_DEPS)
    add_dependencies(${P_NAME} ${P_DEPS})
  endif()
endfunction()

function(tideline_library)
  cmake_parse_arguments(L "" "NAME" "SRCS;DEPS" ${ARGN})
  if(L_SRCS)
    add_library(${L_NAME} STATIC ${L_SRCS})
    tideline_settings(${L_NAME})
    target_link_libraries(${L_NAME} PUBLIC ${L_DEPS})
  else()
    add_library(${L_NAME} INTERFACE)
    target_include_directories(${L_NAME} INTERFACE ${CMAKE_SOURCE_DIR} ${TIDELINE_GEN})
    target_link_libraries(${L_NAME} INTERFACE ${L_DEPS})
  endif()
endfunction()

function(tideline_program)
  cmake_parse_arguments(B "" "NAME" "SRCS;DEPS" ${ARGN})
  add_executable(${B_NAME} ${B_SRCS})
  tideline_settings(${B_NAME})
  target_link_libraries(${B_NAME} PRIVATE ${B_DEPS})
  # Messages are made on one thread and freed on another, which glibc's allocator takes badly
  # (DECISIONS.md). Sanitizers bring their own.
  if(NOT TIDELINE_SANITIZE)
    target_link_libraries(${B_NAME} PRIVATE PkgConfig::JEMALLOC)
  endif()
endfunction()

# LABELS slow: only under `tools/test --all`. TIMEOUT in seconds (default 120).
function(tideline_test)
  cmake_parse_arguments(T "" "NAME;TIMEOUT" "SRCS;DEPS;LABELS;ENV" ${ARGN})
  add_executable(${T_NAME} ${T_SRCS})
  tideline_settings(${T_NAME})
  set_target_properties(${T_NAME} PROPERTIES RUNTIME_OUTPUT_DIRECTORY ${CMAKE_BINARY_DIR}/tests)
  target_link_libraries(${T_NAME} PRIVATE ${T_DEPS} GTest::gmock_main)
  add_test(NAME ${T_NAME} COMMAND ${T_NAME})
  if(NOT T_TIMEOUT)
    set(T_TIMEOUT 120)
  endif()
  set_tests_properties(${T_NAME} PROPERTIES TIMEOUT ${T_TIMEOUT} LABELS "${T_LABELS}"
                       ENVIRONMENT "TIDELINE_BIN=${CMAKE_RUNTIME_OUTPUT_DIRECTORY};TIDELINE_SOURCE=${CMAKE_SOURCE_DIR};${T_ENV}")
endfunction()
