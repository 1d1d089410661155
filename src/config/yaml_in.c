/* libyaml's events against the schema. The document interface is not used: it would resolve
 * aliases silently and keep neither duplicates nor places. */
#include "config/yaml_in.h"

#include "config/report.h"
#include "config/suggest.h"

#include <stdio.h>
#include <yaml.h>

#define PATH_ROOM 128U /* a longer path of keys is shown cut; no key of the schema is as long */

/* What the next node of a mapping's pair, or the nodes of a sequence, are. */
enum meaning {
    MEANS_KEY,     /* the key of a section's next pair */
    MEANS_SECTION, /* keys below a known section */
    MEANS_VALUE,   /* the value of a known key */
    MEANS_ITEMS,   /* items of a known list key */
    MEANS_NOTHING  /* below something that was refused; walked over */
};

/* An open collection. */
struct frame {
    enum meaning next;
    bool pairs;                       /* a section: next goes to and fro between key and value */
    size_t path_len;                  /* of the collection's own path */
    size_t key;                       /* schema index: MEANS_VALUE, MEANS_ITEMS */
    struct onym_config_assign assign; /* MEANS_ITEMS */
};

struct walk {
    const struct onym_config_work *work;
    uint32_t file;
    bool stop;
    unsigned documents;
    size_t depth;
    struct frame frame[ONYM_CONFIG_DEPTH_MAX];
    char path[PATH_ROOM]; /* keys from the root to the current pair, joined by dots */
    uint32_t key_line[ONYM_CONFIG_KEYS_MAX];     /* where a key stands; 0 = not yet */
    uint32_t section_line[ONYM_CONFIG_KEYS_MAX]; /* the same of a section, by its first key */
};

static struct onym_config_origin
origin_of(const struct walk *w, yaml_mark_t mark)
{
    return (struct onym_config_origin){.kind = ONYM_CONFIG_FILE,
                                       .file = w->file,
                                       .line = (uint32_t)mark.line + 1,
                                       .column = (uint32_t)mark.column + 1};
}

static void
complain(const struct walk *w, yaml_mark_t mark, const char *text)
{
    onym_config_report_add(w->work->report, origin_of(w, mark), w->path, "%s", text);
}

/* here: whether the whole value of a key was expected, or an item of a list. */
static void
complain_expected(const struct walk *w, yaml_mark_t mark, const struct frame *here,
                  const char *problem)
{
    const struct onym_config_key *key = onym_config_key_at(here->key);
    bool list = here->next == MEANS_VALUE && onym_config_is_list(key);
    char expected[ONYM_CONFIG_EXPECTED_MAX];

    onym_config_expected(key, expected);
    onym_config_report_add(w->work->report, origin_of(w, mark), w->path, "%s; expected %s%s",
                           problem, expected, list ? ", or a list" : "");
}

/* The first key below the section named path, or the count of keys. */
static size_t
find_section(onym_span path)
{
    size_t i = 0;

    while (i < onym_config_key_count()) {
        const char *name = onym_config_key_at(i)->name;
        if (strlen(name) > path.len && name[path.len] == '.' &&
            onym_span_equal(onym_span_of(name, path.len), path)) {
            break;
        }
        i++;
    }
    return i;
}

/* Candidates for an unknown path: whole keys, or sections where a section stands, and a key of that
 * last name in another section. */
static void
complain_unknown(const struct walk *w, yaml_mark_t mark)
{
    struct onym_config_suggest s = onym_config_suggest_for(onym_span_text(w->path));
    const char *dot = strrchr(w->path, '.');
    const char *last = dot != NULL ? dot + 1 : w->path;
    char sections[ONYM_CONFIG_KEYS_MAX][PATH_ROOM];

    for (size_t i = 0; i < onym_config_key_count(); i++) {
        const char *name = onym_config_key_at(i)->name;
        size_t len = strcspn(name, ".");

        if (strcmp(name + len + 1, last) == 0) {
            onym_config_suggest_take(&s, name, 2);
        }
        (void)snprintf(sections[i], PATH_ROOM, "%.*s", (int)len, name);
        onym_config_suggest_try(&s, dot != NULL ? name : sections[i]);
    }
    onym_config_report_add(w->work->report, origin_of(w, mark), w->path, "unknown key%s%s%s",
                           s.best != NULL ? "; did you mean " : "", s.best != NULL ? s.best : "",
                           s.best != NULL ? "?" : "");
}

/* Puts the name behind the path of the section, printable and cut to the room there is. */
static void
enter_key(struct walk *w, const struct frame *f, onym_span name)
{
    size_t len = f->path_len;

    w->path[len] = 0;
    if (len > 0 && len + 1 < PATH_ROOM) {
        w->path[len++] = '.';
    }
    for (size_t i = 0; i < name.len && len + 1 < PATH_ROOM; i++) {
        uint8_t c = name.at[i];
        w->path[len++] = (char)(c > 0x20 && c < 0x7F ? c : '?');
    }
    w->path[len] = 0;
}

/* True, and remembered, for the first time; a second time is an error. */
static bool
first_time(const struct walk *w, uint32_t *line, yaml_mark_t mark)
{
    if (*line != 0) {
        onym_config_report_add(w->work->report, origin_of(w, mark), w->path,
                               "is given twice; the first is in line %u; expected each key once",
                               *line);
        return false;
    }
    *line = (uint32_t)mark.line + 1;
    return true;
}

static void
take_key(struct walk *w, struct frame *f, onym_span name, yaml_mark_t mark)
{
    onym_span path;
    size_t key;

    enter_key(w, f, name);
    path = onym_span_text(w->path);
    f->next = MEANS_NOTHING;
    if (memchr(name.at, '.', name.len) != NULL) {
        complain(w, mark, "has a dot; expected a section with keys below it");
        return;
    }
    key = onym_config_key_find(path);
    if (key < onym_config_key_count()) {
        if (first_time(w, &w->key_line[key], mark)) {
            f->next = MEANS_VALUE;
            f->key = key;
        }
        return;
    }
    key = find_section(path);
    if (key < onym_config_key_count()) {
        (void)first_time(w, &w->section_line[key], mark);
        f->next = MEANS_SECTION;
        return;
    }
    complain_unknown(w, mark);
}

static bool
is_null(const yaml_event_t *e)
{
    const char *v = (const char *)e->data.scalar.value;

    return e->data.scalar.style == YAML_PLAIN_SCALAR_STYLE &&
           (v[0] == 0 || strcmp(v, "~") == 0 || strcmp(v, "null") == 0 || strcmp(v, "Null") == 0 ||
            strcmp(v, "NULL") == 0);
}

/* A node inside a collection is done. In a section, after a key comes its value, after a value a
 * key. */
static void
node_done(struct walk *w, enum meaning was)
{
    struct frame *f = &w->frame[w->depth - 1];

    if (f->pairs && was != MEANS_KEY) {
        f->next = MEANS_KEY;
        w->path[f->path_len] = 0;
    }
}

static void
take_value(struct walk *w, struct frame *f, const yaml_event_t *e, onym_span text)
{
    bool quoted = e->data.scalar.style != YAML_PLAIN_SCALAR_STYLE;
    bool list = onym_config_is_list(onym_config_key_at(f->key));
    struct onym_config_origin origin = origin_of(w, e->start_mark);

    if (is_null(e)) {
        bool empty_list = list && f->next == MEANS_VALUE;
        complain_expected(w, e->start_mark, f,
                          empty_list ? "has no value; [] is the empty list" : "has no value");
        return;
    }
    if (f->next == MEANS_ITEMS) {
        onym_config_assign_item(&f->assign, text, quoted, origin);
    } else {
        struct onym_config_assign a = onym_config_assign_begin(w->work, f->key, origin);
        onym_config_assign_item(&a, text, quoted, origin);
    }
}

static void
on_scalar(struct walk *w, const yaml_event_t *e)
{
    onym_span text = onym_span_of(e->data.scalar.value, e->data.scalar.length);
    struct frame *f = w->depth > 0 ? &w->frame[w->depth - 1] : NULL;
    enum meaning was;

    if (f == NULL) {
        if (!is_null(e)) {
            complain(w, e->start_mark, "is a single value; expected sections with keys");
        }
        return;
    }
    was = f->next;
    switch (was) {
    case MEANS_KEY:
        take_key(w, f, text, e->start_mark);
        break;
    case MEANS_SECTION:
        /* a section whose keys are all commented out is an empty one */
        if (!is_null(e)) {
            complain(w, e->start_mark, "is a single value; expected keys of the section");
        }
        break;
    case MEANS_VALUE:
    case MEANS_ITEMS:
        take_value(w, f, e, text);
        break;
    case MEANS_NOTHING:
        break;
    }
    node_done(w, was);
}

/* What the collection that begins means, with a complaint when it is out of place. */
static struct frame
open_frame(struct walk *w, const yaml_event_t *e, bool mapping)
{
    struct frame below = {.next = MEANS_NOTHING, .path_len = strlen(w->path)};
    const struct frame *f = w->depth > 0 ? &w->frame[w->depth - 1] : NULL;
    enum meaning here = f != NULL ? f->next : MEANS_SECTION;

    if (here == MEANS_SECTION && mapping) {
        below.next = MEANS_KEY;
        below.pairs = true;
    } else if (here == MEANS_SECTION) {
        complain(w, e->start_mark,
                 f != NULL ? "is a list; expected keys of the section"
                           : "is a list; expected sections with keys");
    } else if (here == MEANS_KEY) {
        complain(w, e->start_mark, "has a list or section as a key; expected a key of the section");
    } else if (here == MEANS_ITEMS) {
        complain_expected(w, e->start_mark, f, "has an item that is a list or section");
    } else if (here == MEANS_VALUE && mapping) {
        complain_expected(w, e->start_mark, f, "is a section");
    } else if (here == MEANS_VALUE && !onym_config_is_list(onym_config_key_at(f->key))) {
        complain_expected(w, e->start_mark, f, "is a list");
    } else if (here == MEANS_VALUE) {
        below.next = MEANS_ITEMS;
        below.key = f->key;
        below.assign = onym_config_assign_begin(w->work, f->key, origin_of(w, e->start_mark));
    }
    return below;
}

static void
on_begin(struct walk *w, const yaml_event_t *e, bool mapping)
{
    struct frame below = open_frame(w, e, mapping);

    if (w->depth == ONYM_CONFIG_DEPTH_MAX) {
        onym_config_report_add(w->work->report, origin_of(w, e->start_mark), w->path,
                               "is nested too deeply; expected at most %u levels",
                               ONYM_CONFIG_DEPTH_MAX);
        w->stop = true;
        return;
    }
    w->frame[w->depth++] = below;
}

static void
on_end(struct walk *w)
{
    struct frame *f;
    enum meaning was;

    w->depth--;
    if (w->depth == 0) {
        return;
    }
    f = &w->frame[w->depth - 1];
    was = f->next;
    if (f->pairs && was == MEANS_KEY) {
        f->next = MEANS_NOTHING; /* the value of a key that was itself a collection */
        return;
    }
    node_done(w, was);
}

static void
check_properties(const struct walk *w, const yaml_event_t *e, const yaml_char_t *anchor,
                 const yaml_char_t *tag)
{
    if (anchor != NULL) {
        complain(w, e->start_mark, "has an anchor; expected the value written out, without & or *");
    }
    if (tag != NULL) {
        complain(w, e->start_mark, "has a tag; expected the value alone, its key says the type");
    }
}

static void
on_event(struct walk *w, const yaml_event_t *e)
{
    switch (e->type) {
    case YAML_DOCUMENT_START_EVENT:
        if (++w->documents > 1) {
            complain(w, e->start_mark, "a second document begins; expected one document in a file");
            w->stop = true;
        }
        break;
    case YAML_ALIAS_EVENT:
        complain(w, e->start_mark, "is an alias; expected the value written out, without & or *");
        if (w->depth > 0) {
            struct frame *f = &w->frame[w->depth - 1];
            enum meaning was = f->next;
            f->next = was == MEANS_KEY ? MEANS_NOTHING : was;
            node_done(w, was);
        }
        break;
    case YAML_SCALAR_EVENT:
        check_properties(w, e, e->data.scalar.anchor, e->data.scalar.tag);
        on_scalar(w, e);
        break;
    case YAML_SEQUENCE_START_EVENT:
        check_properties(w, e, e->data.sequence_start.anchor, e->data.sequence_start.tag);
        on_begin(w, e, false);
        break;
    case YAML_MAPPING_START_EVENT:
        check_properties(w, e, e->data.mapping_start.anchor, e->data.mapping_start.tag);
        on_begin(w, e, true);
        break;
    case YAML_SEQUENCE_END_EVENT:
    case YAML_MAPPING_END_EVENT:
        on_end(w);
        break;
    case YAML_NO_EVENT:
    case YAML_STREAM_START_EVENT:
    case YAML_DOCUMENT_END_EVENT:
        break;
    case YAML_STREAM_END_EVENT:
        w->stop = true;
        break;
    }
}

/* The mark of a byte; libyaml gives no mark for bytes it cannot read as text. */
static yaml_mark_t
mark_of_byte(onym_span bytes, size_t offset)
{
    yaml_mark_t mark = {.index = offset};

    for (size_t i = 0; i < offset && i < bytes.len; i++) {
        if (bytes.at[i] == '\n') {
            mark.line++;
            mark.column = 0;
        } else if ((bytes.at[i] & 0xC0) != 0x80) {
            mark.column++;
        }
    }
    return mark;
}

static void
complain_yaml(struct walk *w, const yaml_parser_t *parser, onym_span bytes)
{
    yaml_mark_t mark = parser->error == YAML_READER_ERROR
                           ? mark_of_byte(bytes, parser->problem_offset)
                           : parser->problem_mark;

    w->path[0] = 0;
    onym_config_report_add(w->work->report, origin_of(w, mark), "", "is not YAML: %s%s%s",
                           parser->problem != NULL ? parser->problem : "unreadable",
                           parser->context != NULL ? " " : "",
                           parser->context != NULL ? parser->context : "");
}

enum onym_status
onym_config_yaml_read(const struct onym_config_work *work, uint32_t file, onym_span bytes)
{
    struct walk w = {.work = work, .file = file};
    enum onym_status status = ONYM_OK;
    yaml_parser_t parser;

    if (yaml_parser_initialize(&parser) == 0) {
        return ONYM_NO_MEMORY;
    }
    yaml_parser_set_input_string(&parser, bytes.at, bytes.len);
    while (!w.stop) {
        yaml_event_t event;

        if (yaml_parser_parse(&parser, &event) == 0) {
            if (parser.error == YAML_MEMORY_ERROR) {
                status = ONYM_NO_MEMORY;
            } else {
                complain_yaml(&w, &parser, bytes);
            }
            break;
        }
        on_event(&w, &event);
        yaml_event_delete(&event);
    }
    yaml_parser_delete(&parser);
    return status;
}
