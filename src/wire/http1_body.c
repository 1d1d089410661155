#include "wire/http1_body.h"

/* Where in the body the next byte lies. */
enum content_state {
    SIZED,
    SIZE,      /* digits of a chunk's size */
    EXTENSION, /* from the ';' to the end of the line */
    SIZE_LF,   /* after the CR of that line */
    DATA,
    DATA_CR, /* behind a chunk's last byte */
    DATA_LF,
    LINE,          /* first byte of a trailer line */
    TRAILER_NAME,  /* up to the ':' */
    TRAILER_VALUE, /* behind it */
    LINE_LF,       /* after the CR of a trailer line */
    END_LF,        /* after the CR of the empty line */
    OVER
};

#define SIZE_DIGITS_MAX 8U

void
onym_http1_body_init(struct onym_http1_content *b, const struct onym_http1_request *request)
{
    *b = (struct onym_http1_content){.state = OVER};
    if (request->body == ONYM_HTTP1_SIZED_BODY) {
        b->state = SIZED;
        b->left = request->body_len;
    } else if (request->body == ONYM_HTTP1_CHUNKED_BODY) {
        b->state = SIZE;
    }
}

static enum onym_http1_step
refuse(struct onym_http1_content *b, const char *reason)
{
    b->state = OVER;
    b->refusal = (struct onym_http1_refusal){.status = 400, .reason = reason};
    return ONYM_HTTP1_REFUSED;
}

static enum onym_http1_step
become(struct onym_http1_content *b, enum content_state state)
{
    b->state = (uint8_t)state;
    return state == OVER ? ONYM_HTTP1_READY : ONYM_HTTP1_MORE;
}

static int
hex_digit(uint8_t c)
{
    if (c >= '0' && c <= '9') {
        return c - '0';
    }
    c |= 0x20;
    return c >= 'a' && c <= 'f' ? c - 'a' + 10 : -1;
}

static enum onym_http1_step
take_size(struct onym_http1_content *b, uint8_t c)
{
    int digit = hex_digit(c);

    if (digit >= 0 && b->digits < SIZE_DIGITS_MAX) {
        b->left = b->left * 16 + (unsigned)digit;
        b->digits++;
        return ONYM_HTTP1_MORE;
    }
    if (b->digits > 0 && (c == ';' || c == '\r')) {
        return become(b, c == ';' ? EXTENSION : SIZE_LF);
    }
    return refuse(b, "a chunk does not begin with its size in one to eight hexadecimal digits");
}

static bool
is_text(uint8_t c)
{
    return (c >= 0x20 && c != 0x7F) || c == '\t';
}

/* RFC 9110 5.6.2 */
static bool
is_token(uint8_t c)
{
    return hex_digit(c) >= 0 || (c >= 'g' && c <= 'z') || (c >= 'G' && c <= 'Z') ||
           (c != 0 && strchr("!#$%&'*+-.^_`|~", c) != NULL);
}

static enum onym_http1_step
take_extra(struct onym_http1_content *b)
{
    return ++b->extra <= ONYM_HTTP1_BODY_EXTRA_MAX
               ? ONYM_HTTP1_MORE
               : refuse(b, "chunk extensions and trailers are longer than 16384 bytes");
}

static enum onym_http1_step
take_trailer(struct onym_http1_content *b, uint8_t c)
{
    if (b->state == LINE && c == '\r') {
        return become(b, END_LF);
    }
    if (b->state == TRAILER_VALUE) {
        if (c == '\r') {
            return become(b, LINE_LF);
        }
        return is_text(c) ? take_extra(b) : refuse(b, "a control byte in a trailer line");
    }
    if (b->state == TRAILER_NAME && c == ':') {
        b->state = TRAILER_VALUE;
        return take_extra(b);
    }
    if (!is_token(c)) {
        return refuse(b, "a trailer line without the form NAME: VALUE");
    }
    b->state = TRAILER_NAME;
    return take_extra(b);
}

/* Every byte that is no data of the body. */
static enum onym_http1_step
take(struct onym_http1_content *b, uint8_t c)
{
    switch ((enum content_state)b->state) {
    case SIZE:
        return take_size(b, c);
    case EXTENSION:
        if (c == '\r') {
            return become(b, SIZE_LF);
        }
        return is_text(c) ? take_extra(b) : refuse(b, "a control byte in a chunk extension");
    case DATA_CR:
        return c == '\r' ? become(b, DATA_LF) : refuse(b, "a chunk is longer than its size");
    case SIZE_LF:
    case DATA_LF:
    case LINE_LF:
    case END_LF:
        break;
    case LINE:
    case TRAILER_NAME:
    case TRAILER_VALUE:
        return take_trailer(b, c);
    case SIZED:
    case DATA:
    case OVER:
    default:
        return refuse(b, "the body was ended");
    }
    if (c != '\n') {
        return refuse(b, "a CR without LF after it");
    }
    if (b->state == SIZE_LF) {
        return become(b, b->left > 0 ? DATA : LINE);
    }
    if (b->state == DATA_LF) {
        b->digits = 0;
        return become(b, SIZE);
    }
    return become(b, b->state == LINE_LF ? LINE : OVER);
}

enum onym_http1_step
onym_http1_body_feed(struct onym_http1_content *b, onym_span *input, onym_span *data)
{
    *data = onym_span_of(NULL, 0);
    if (b->state == OVER) {
        return ONYM_HTTP1_READY;
    }
    while (input->len > 0) {
        enum onym_http1_step step;

        if (b->state == SIZED || b->state == DATA) {
            *data = b->left < input->len ? onym_span_front(*input, (size_t)b->left) : *input;
            *input = onym_span_from(*input, data->len);
            b->left -= data->len;
            if (b->left > 0) {
                return ONYM_HTTP1_MORE;
            }
            return become(b, b->state == SIZED ? OVER : DATA_CR);
        }
        step = take(b, input->at[0]);
        *input = onym_span_from(*input, 1);
        if (step != ONYM_HTTP1_MORE) {
            return step;
        }
    }
    return ONYM_HTTP1_MORE;
}
