# Warnings, hardening and sanitizers: one interface library that every target of ours links.
add_library(yourapi_flags INTERFACE)
target_compile_definitions(yourapi_flags INTERFACE _GNU_SOURCE YOURAPI_VERSION="${PROJECT_VERSION}")
target_include_directories(yourapi_flags INTERFACE ${CMAKE_SOURCE_DIR}/src)
target_compile_options(yourapi_flags INTERFACE
  -Wall -Wextra -Wpedantic -Wshadow -Wconversion -Wstrict-prototypes -Wmissing-prototypes -Wvla
  -Wformat=2 -Wundef -Wswitch-enum -Werror
  -fno-common -fno-omit-frame-pointer -fstack-protector-strong)

if(CMAKE_C_COMPILER_ID STREQUAL "Clang")
  # Statement expressions and the empty variadic tail are GNU C17, which is the language of the project.
  target_compile_options(yourapi_flags INTERFACE -Wno-gnu-statement-expression
    -Wno-gnu-zero-variadic-macro-arguments -Wno-gnu-auto-type)
endif()

if(YOURAPI_SANITIZE)
  # What is read before it was written is not what happened to be there before, mostly zero, but a pattern that breaks things.
  target_compile_options(yourapi_flags INTERFACE -fsanitize=${YOURAPI_SANITIZE} -fno-sanitize-recover=all -ftrivial-auto-var-init=pattern)
  target_link_options(yourapi_flags INTERFACE -fsanitize=${YOURAPI_SANITIZE})
  # The programs of the tests are hundreds, and LLVM's linker takes half of the time of the compiler's own for each.
  find_program(YOURAPI_LLD ld.lld)
  if(YOURAPI_LLD)
    target_link_options(yourapi_flags INTERFACE -fuse-ld=lld)
  endif()
endif()

# Asserts stay on in every build; an assert that costs is assert_slow, which needs YOURAPI_SLOW_ASSERTS.
string(REPLACE "-DNDEBUG" "" CMAKE_C_FLAGS_RELEASE "${CMAKE_C_FLAGS_RELEASE}")
string(REPLACE "-O3" "-O2" CMAKE_C_FLAGS_RELEASE "${CMAKE_C_FLAGS_RELEASE}")
set(CMAKE_C_FLAGS_RELEASE "${CMAKE_C_FLAGS_RELEASE} -g1")
if(CMAKE_BUILD_TYPE STREQUAL "Release")
  target_compile_options(yourapi_flags INTERFACE -U_FORTIFY_SOURCE -D_FORTIFY_SOURCE=2 -fPIE)
  target_link_options(yourapi_flags INTERFACE -pie -Wl,-z,relro,-z,now,-z,noexecstack)
else()
  target_compile_definitions(yourapi_flags INTERFACE YOURAPI_SLOW_ASSERTS)
endif()
if(YOURAPI_LTO)
  set(CMAKE_INTERPROCEDURAL_OPTIMIZATION ON)
endif()
