/* The contract of the HTTP interface, proto/openapi.json, as it is served. Written by the build
 * (cmake/openapi.cmake). */
#ifndef ONYM_SERVICE_OPENAPI_H
#define ONYM_SERVICE_OPENAPI_H

#include <stddef.h>
#include <stdint.h>

extern const uint8_t onym_openapi_json[];
extern const size_t onym_openapi_json_len;

#endif
