# Manual pages, of what the programs say of themselves; a cross build cannot ask them and has none.
set(onym_man_pages "")
function(onym_man name section row)
    set(page ${CMAKE_BINARY_DIR}/man/${name}.${section})
    set(template ${CMAKE_SOURCE_DIR}/docs/man/${name}.${section}.in)
    add_custom_command(OUTPUT ${page}
                       COMMAND ${CMAKE_COMMAND} -DPROGRAM=$<TARGET_FILE:${name}> -DTEMPLATE=${template}
                               -DOUTPUT=${page} -DVERSION=${PROJECT_VERSION} "-DROW=${row}"
                               -P ${CMAKE_SOURCE_DIR}/cmake/man_page.cmake
                       DEPENDS ${name} ${template} ${CMAKE_SOURCE_DIR}/cmake/man_page.cmake
                       COMMENT "Manual page ${name}(${section})" VERBATIM)
    install(FILES ${page} DESTINATION ${CMAKE_INSTALL_MANDIR}/man${section} COMPONENT man)
    set(onym_man_pages ${onym_man_pages} ${page} PARENT_SCOPE)
endfunction()

if(NOT CMAKE_CROSSCOMPILING)
    onym_man(onymd 8 "")
    onym_man(onymctl 1 "[a-z]+ [a-z-]+")
    onym_man(onymbench 1 "[a-z]+")
    onym_man(onym-generate 1 "")
    onym_man(onym-vectors 1 "")
    add_custom_target(man ALL DEPENDS ${onym_man_pages})
endif()
