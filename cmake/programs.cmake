# A program is src/server/main.c or src/tools/main_NAME.c, linked with its layer.
function(onym_program name source layer)
    if(EXISTS ${CMAKE_SOURCE_DIR}/${source})
        add_executable(${name} ${source})
        target_link_libraries(${name} PRIVATE onym_${layer} Threads::Threads)
    endif()
endfunction()
onym_program(onymd src/server/main.c server)
onym_program(onymctl src/tools/main_onymctl.c tools)
onym_program(onym-vectors src/tools/main_vectors.c tools)
onym_program(onym-generate src/tools/main_generate.c tools)

# The formats of a program's own options and files are documented in docs/; the annotated
# configuration goes beside them. A running configuration is never written by an installation.
include(GNUInstallDirs)
foreach(name IN ITEMS onymd onymctl onym-generate onym-vectors)
    if(TARGET ${name})
        install(TARGETS ${name} RUNTIME DESTINATION ${CMAKE_INSTALL_BINDIR})
    endif()
endforeach()
install(FILES LICENSE NOTICE README.md DESTINATION ${CMAKE_INSTALL_DOCDIR})
if(EXISTS ${CMAKE_SOURCE_DIR}/conf/onymd.yaml)
    install(FILES conf/onymd.yaml DESTINATION ${CMAKE_INSTALL_DOCDIR}/examples)
endif()
