/* Encryption of messages and the window of counters; the key exchange is in session_dh.c. */
#include "auth/session.h"

#include "auth/evp_priv.h"
#include "base/bytes.h"
#include "base/require.h"

#include <openssl/crypto.h>
#include <openssl/evp.h>

#define VERSION_2_4  0x0204U
#define BLOCK_LEN    16U
#define COUNTER_BITS 256U

void
onym_session_secret_wipe(struct onym_session_secret *secret)
{
    OPENSSL_cleanse(secret->bytes, sizeof secret->bytes);
}

enum onym_status
onym_session_encrypt(const struct onym_session_secret *secret, uint16_t version,
                     struct onym_rng *rng, onym_span message, uint8_t *out, size_t cap)
{
    EVP_CIPHER_CTX *context;
    int front = 0;
    int tail = 0;
    bool good;

    if (version < VERSION_2_4 || message.len > ONYM_MESSAGE_LEN_MAX) {
        return ONYM_SESSION_FAILED;
    }
    if (ONYM_SESSION_CIPHER_LEN(message.len) > cap) {
        return ONYM_NO_SPACE;
    }
    onym_put_u64(out, onym_rng_u64(rng));
    onym_put_u64(out + 8, onym_rng_u64(rng));
    context = EVP_CIPHER_CTX_new();
    good = context != NULL &&
           EVP_EncryptInit_ex(context, EVP_aes_128_cbc(), NULL, secret->bytes, out) == 1;
    good = good && EVP_EncryptUpdate(context, out + ONYM_SESSION_IV_LEN, &front, message.at,
                                     (int)message.len) == 1;
    good = good && EVP_EncryptFinal_ex(context, out + ONYM_SESSION_IV_LEN + front, &tail) == 1;
    EVP_CIPHER_CTX_free(context);
    if (!good) {
        return onym_evp_failed(ONYM_CANNOT_AUTHENTICATE);
    }
    ONYM_REQUIRE(ONYM_SESSION_IV_LEN + (size_t)front + (size_t)tail ==
                 ONYM_SESSION_CIPHER_LEN(message.len));
    return ONYM_OK;
}

enum onym_status
onym_session_decrypt(const struct onym_session_secret *secret, uint16_t version, onym_span cipher,
                     uint8_t *out, size_t cap, size_t *len)
{
    onym_span blocks = onym_span_from(cipher, ONYM_SESSION_IV_LEN);
    EVP_CIPHER_CTX *context;
    int front = 0;
    int tail = 0;
    bool ready;
    bool right;

    if (version < VERSION_2_4) {
        return ONYM_SESSION_FAILED;
    }
    if (blocks.len == 0 || blocks.len % BLOCK_LEN != 0 ||
        cipher.len > ONYM_SESSION_CIPHER_LEN_MAX) {
        return ONYM_SESSION_REJECTED;
    }
    if (cap < blocks.len) {
        return ONYM_NO_SPACE;
    }
    context = EVP_CIPHER_CTX_new();
    ready = context != NULL &&
            EVP_DecryptInit_ex(context, EVP_aes_128_cbc(), NULL, secret->bytes, cipher.at) == 1;
    right = ready && EVP_DecryptUpdate(context, out, &front, blocks.at, (int)blocks.len) == 1 &&
            EVP_DecryptFinal_ex(context, out + front, &tail) == 1;
    EVP_CIPHER_CTX_free(context);
    if (!right) {
        return onym_evp_failed(ready ? ONYM_SESSION_REJECTED : ONYM_CANNOT_AUTHENTICATE);
    }
    *len = (size_t)front + (size_t)tail;
    return ONYM_OK;
}

/* ---- replay ---- */

static uint64_t *
word_of(struct onym_replay_window *window, uint32_t counter)
{
    return &window->seen[counter % COUNTER_BITS / 64];
}

static uint64_t
bit_of(uint32_t counter)
{
    return (uint64_t)1 << (counter % 64);
}

enum onym_status
onym_replay_accept(struct onym_replay_window *window, uint32_t counter)
{
    if (counter == 0) {
        return ONYM_SESSION_REJECTED;
    }
    if (counter <= window->highest) {
        if (window->highest - counter >= ONYM_REPLAY_WINDOW ||
            (*word_of(window, counter) & bit_of(counter)) != 0) {
            return ONYM_SESSION_REJECTED;
        }
    } else if (counter - window->highest >= COUNTER_BITS) {
        memset(window->seen, 0, sizeof window->seen);
        window->highest = counter;
    } else {
        while (window->highest < counter) { /* at most 255 times */
            window->highest++;
            *word_of(window, window->highest) &= ~bit_of(window->highest);
        }
    }
    *word_of(window, counter) |= bit_of(counter);
    return ONYM_OK;
}
