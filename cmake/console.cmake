# The embedded console: what script/build has made in build/console, or an empty table when it was not built.
set(YOURAPI_CONSOLE_DIR ${CMAKE_SOURCE_DIR}/build/console CACHE PATH "Where tools/embed.mjs has put its two files")

function(yourapi_console target)
  set(table ${YOURAPI_CONSOLE_DIR}/console_assets.c)
  set(bytes ${YOURAPI_CONSOLE_DIR}/console_bytes.S)
  if(YOURAPI_CONSOLE AND EXISTS ${table})
    target_sources(${target} PRIVATE ${table} ${bytes})
    # .incbin is not seen by the dependency scan: the table changes with each new content.
    set_source_files_properties(${bytes} PROPERTIES OBJECT_DEPENDS ${table})
  else()
    set(empty ${CMAKE_BINARY_DIR}/console_empty.c)
    file(WRITE ${empty} "#include \"web/console.h\"\n\nconst struct web_asset web_assets[1];\nconst size_t web_asset_count = 0;\n")
    target_sources(${target} PRIVATE ${empty})
  endif()
endfunction()
