# yourapi_rooms(TABLE): one static library and its unit tests for each row of docs/layers.txt.
#
# src/ROOM/*.c but *_test.c and main.c make the library room_ROOM. src/ROOM/x_test.c is the program x_test: it links
# the rooms of its row and nothing else, so a call to a room outside the row does not even link.
#
# The thread sanitizer has nothing to see in tests without threads: only those of these rooms and names are built for it.
set(ROOMS_THREADED "/(obs|net|http|store|cache|auth|ledger|relay|api|app)/[^/]*$|/(log|mpsc|random|snapshot|wait)_test\\.c$")

function(yourapi_rooms table)
  set_property(DIRECTORY APPEND PROPERTY CMAKE_CONFIGURE_DEPENDS ${table})
  file(STRINGS ${table} rows REGEX "^[a-z]+:")
  foreach(row IN LISTS rows)
    string(REGEX REPLACE "^([a-z]+):.*$" "\\1" room "${row}")
    string(REGEX REPLACE "^[a-z]+:([^|]*).*$" "\\1" below "${row}")
    string(STRIP "${below}" below)
    string(REGEX REPLACE " +" ";" below "${below}")
    yourapi_room(${room} "${below}")
  endforeach()
endfunction()

function(yourapi_room room below)
  set(dir ${CMAKE_SOURCE_DIR}/src/${room})
  file(GLOB sources CONFIGURE_DEPENDS ${dir}/*.c)
  set(tests ${sources})
  list(FILTER tests INCLUDE REGEX "_test\\.c$")
  list(FILTER sources EXCLUDE REGEX "(_test|/main)\\.c$")

  set(links yourapi_flags)
  foreach(name IN LISTS below)
    list(APPEND links room_${name})
  endforeach()
  if(NOT room STREQUAL "base")
    list(APPEND links room_base)
  endif()
  list(APPEND links ${ROOM_LIBS_${room}})

  if(sources)
    add_library(room_${room} STATIC ${sources})
    target_link_libraries(room_${room} PUBLIC ${links})
  else()
    add_library(room_${room} INTERFACE)
    target_link_libraries(room_${room} INTERFACE ${links})
  endif()

  if(NOT BUILD_TESTING)
    return()
  endif()
  if(YOURAPI_SANITIZE STREQUAL "thread")
    list(FILTER tests INCLUDE REGEX "${ROOMS_THREADED}")
  endif()
  foreach(file IN LISTS tests)
    get_filename_component(name ${file} NAME_WE)
    add_executable(${name} ${file})
    target_link_libraries(${name} PRIVATE room_${room} ${CMOCKA_LIBRARY})
    yourapi_test(unit.${room}.${name} ${name} ${file})
  endforeach()
endfunction()

# yourapi_test(NAME PROGRAM FILE): the test program once, or, where it opens a database of src/store/store_fixture.h in one of the
# rooms below, once for each kind of database: NAME on SQLite, NAME.postgres, NAME.mysql. A comment at the file's top may say which kinds
# it is about: "On SQLite only: ...". 77 says that there is no server for it.
set(ROOMS_ON_SERVERS "^unit\\.(store|auth|ledger|api)\\.")

function(yourapi_test name program file)
  set(kinds sqlite)
  file(STRINGS ${file} fixture REGEX "#include \".*(store_fixture|store_fx|api_fixture)\\.h\"" LIMIT_COUNT 1)
  file(STRINGS ${file} only REGEX "^ \\* On .* only: " LIMIT_COUNT 1)
  if(only MATCHES "On PostgreSQL only")
    set(kinds postgres)
  elseif(only MATCHES "On MySQL only")
    set(kinds mysql)
  elseif(only MATCHES "On servers only")
    set(kinds postgres mysql)
  elseif(fixture AND NOT only AND name MATCHES "${ROOMS_ON_SERVERS}")
    set(kinds sqlite postgres mysql)
  endif()
  foreach(kind IN LISTS kinds)
    set(run ${name})
    if(NOT kind STREQUAL "sqlite")
      set(run ${name}.${kind})
    endif()
    add_test(NAME ${run} COMMAND ${program} WORKING_DIRECTORY ${CMAKE_SOURCE_DIR})
    # Some tests fork a process that is killed; it may start threads although the test has some.
    set_tests_properties(${run} PROPERTIES TIMEOUT 900 SKIP_RETURN_CODE 77
      ENVIRONMENT "YOURAPI_TEST_DB=${kind};TSAN_OPTIONS=die_after_fork=0")
  endforeach()
endfunction()
