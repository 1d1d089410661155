#include "onym/model/operation.h"

void
onym_operation_mint(const uint8_t chance[16], uint8_t out[ONYM_MINTED_LEN])
{
    static const char digits[] = "0123456789abcdef";
    size_t at = 0;

    for (size_t i = 0; i < 16; i++) {
        uint8_t byte = chance[i];

        if (i == 6) {
            byte = (uint8_t)(0x40U | (byte & 0x0FU)); /* version 4: random */
        } else if (i == 8) {
            byte = (uint8_t)(0x80U | (byte & 0x3FU)); /* variant 1 */
        }
        if (i == 4 || i == 6 || i == 8 || i == 10) {
            out[at++] = '-';
        }
        out[at++] = (uint8_t)digits[byte >> 4];
        out[at++] = (uint8_t)digits[byte & 15U];
    }
}
