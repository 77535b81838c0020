/* SPDX-License-Identifier: MIT */
/* pnm2raw: pictures of netpbm's formats to a stream. */
#include "base/cli.h"
#include "base/error.h"
#include "base/number.h"
#include "base/progress.h"
#include "format/picture.h"
#include "stream/raw.h"
#include "stream/side_file.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define FRAME_BYTES ((size_t)1 << 20) /* of a frame's payload, if its items are not larger */
#define CHUNK 4096                    /* pixels at a time */

enum form_dtype { FORM_AUTO, FORM_U8, FORM_F32 }; /* FORM_AUTO: the first picture decides */

struct options {
    struct cli_common common; /* quiet alone is used */
    char *const *files;
    size_t count; /* of the files; 0: standard input */
    const char *write_ids;
    enum form_dtype dtype;
    unsigned char background[3];
    bool gray, rgb, live;
};

static const struct {
    const char *name;
    enum form_dtype dtype;
} dtypes[] = {{"u8", FORM_U8}, {"f32", FORM_F32}};
#define DTYPE_NAMES (sizeof dtypes / sizeof *dtypes)

static int parse_dtype(void *field, const char *name, const char *text) {
    const int found = parse_name(name, text, dtypes, DTYPE_NAMES, sizeof *dtypes);
    if (found < 0)
        return -1;
    *(enum form_dtype *)field = dtypes[found].dtype;
    return 0;
}

static const char *nth_dtype(size_t i) {
    return i < DTYPE_NAMES ? dtypes[i].name : NULL;
}

/* "#rrggbb", or a grey level from 0 to 255. */
static int parse_colour(void *field, const char *name, const char *text) {
    unsigned char *colour = field;
    uint64_t level = 0;
    if (*text != '#' && read_digits(text, strlen(text), &level) && level <= 255) {
        memset(colour, (int)level, 3);
        return 0;
    }
    if (*text != '#' || strlen(text) != 7 || strspn(text + 1, "0123456789abcdefABCDEF") != 6)
        return fail("%s: found '%s', wanted a grey level from 0 to 255, or a colour as #rrggbb", name, text);
    const unsigned long rgb = strtoul(text + 1, NULL, 16);
    for (int i = 0; i < 3; i++)
        colour[i] = (unsigned char)(rgb >> (16 - 8 * i));
    return 0;
}

static const struct cli_option options[] = {
    {0, "gray", NULL, NULL, "turn colour pictures into grey ones", CLI_FLAG(gray)},
    {0, "rgb", NULL, NULL, "write grey pictures as colour ones, too", CLI_FLAG(rgb)},
    {0, "dtype", "TYPE", NULL,
     "write u8 (0 to 255) or f32 (0 to 1) (default: f32 if the first picture has more than 256 levels, else u8)",
     CLI_PARSE(parse_dtype, dtype), .names = nth_dtype},
    {0, "background", "COLOUR", "255",
     "what transparent pixels show: a grey level from 0 to 255, or a colour as #rrggbb",
     CLI_PARSE(parse_colour, background)},
    {0, "write-ids", "FILE", NULL,
     "write the items' identifiers, the names of their files, to FILE, one line per item", CLI_FILE(write_ids)},
    {0, "live", NULL, NULL, "write each item when its picture has come, in a frame of its own", CLI_FLAG(live)},
    CLI_EVERY,
};

static const struct cli_program program = {
    "pnm2raw",
    "[--gray] [--rgb] [--dtype TYPE] [--background COLOUR] [--write-ids FILE] [--live] [-q] [FILE...]",
    "Turns pictures (PBM, PGM, PPM or PAM) into a stream: one item per picture, HxW if grey, HxWx3 in colour.",
    options,
    0,
    "for f in *.png; do pngtopnm \"$f\" | pamscale -width=28 -height=28; done | pnm2raw --gray > items.raw",
};

static void check(const struct options *o) {
    size_t standard = 0;
    if (o->gray && o->rgb)
        cli_refuse("--gray: found it with --rgb, wanted one of the two");
    if (o->write_ids != NULL && o->count == 0)
        cli_refuse("--write-ids: found it without a FILE, wanted files, whose names it writes");
    for (size_t i = 0; i < o->count; i++)
        standard += strcmp(o->files[i], "-") == 0;
    if (standard > 1)
        cli_refuse("-: found it %zu times, wanted standard input once", standard);
}

static struct options parse(int argc, char **argv) {
    struct options o = {.dtype = FORM_AUTO};
    cli_parse(&program, argc, argv, &o);
    o.files = cli_all_operands(&o.count);
    check(&o);
    return o;
}

/* The items that are read and not yet written are those of the next frame. An item that is larger than FRAME_BYTES
 * is a frame, and is written while it is read. */
struct job {
    const struct options *o;
    struct pnm_reader in;
    struct pnm_picture first; /* the first picture, which all others are like */
    struct picture_form form;
    struct raw_writer out;
    struct side_writer ids;
    struct raw_frame frame;
    uint16_t *samples;      /* of a chunk; owned */
    unsigned char *payload; /* owned */
    size_t item_bytes, pixel_bytes, capacity;
    uint64_t items; /* in all frames */
    bool begun;     /* the first picture has come */
    bool large;     /* items are larger than FRAME_BYTES */
    bool told_rounded, told_opacity;
};

/* Writes the frame, or a large item's header, after the names of the items. */
static int write_frame(struct job *job, bool last) {
    const size_t bytes = job->large ? 0 : job->frame.items * job->item_bytes;
    job->frame.last = last;
    if (side_flush(&job->ids) < 0 || raw_write_header(&job->out, &job->frame) < 0 ||
        raw_write(&job->out, job->payload, bytes) < 0)
        return -1;
    job->frame.items = 0;
    progress_items(job->items, 0);
    return 0;
}

static int open_ids(struct job *job) {
    const struct options *o = job->o;
    for (size_t i = 0; i < o->count; i++)
        if (side_check_input(o->write_ids, o->files[i]) < 0)
            return -1;
    if (side_is_pipe(o->write_ids) && write_frame(job, false) < 0)
        return -1;
    return side_writer_open(&job->ids, o->write_ids, o->files[0]);
}

/* Chooses the form and the shape of all items by the first picture. */
static int begin(struct job *job) {
    const struct options *o = job->o;
    const struct pnm_picture *p = &job->in.picture;
    const char *name = job->in.in.name;
    size_t elements;
    job->begun = true;
    job->first = *p;
    job->form.colour = o->rgb || (p->colour && !o->gray);
    job->form.dtype = o->dtype == FORM_F32 || (o->dtype == FORM_AUTO && p->maxval > 255) ? DTYPE_F32 : DTYPE_U8;
    memcpy(job->form.background, o->background, sizeof o->background);
    const size_t channels = picture_channels(&job->form);
    if (!multiply(p->width * p->height, channels, &elements) || elements > SHAPE_MAX_ELEMENTS)
        return fail("%s: picture 1: is %zu wide and %zu high, wanted at most %zu elements", name, p->width,
                    p->height, SHAPE_MAX_ELEMENTS);
    job->frame.dtype = job->form.dtype;
    job->frame.shape = (struct shape){.rank = job->form.colour ? 3 : 2, .dim = {p->height, p->width, channels}};
    job->item_bytes = raw_item_bytes(&job->frame);
    job->pixel_bytes = channels * dtype_size(job->form.dtype);
    job->large = job->item_bytes > FRAME_BYTES;
    job->capacity = job->large ? 1 : FRAME_BYTES / job->item_bytes;
    job->payload = malloc(job->large ? CHUNK * job->pixel_bytes : job->capacity * job->item_bytes);
    job->samples = malloc(CHUNK * PNM_PLANES_MAX * sizeof *job->samples);
    if (job->payload == NULL || job->samples == NULL)
        return fail("%s: out of memory for its pictures", name);
    return o->write_ids == NULL ? 0 : open_ids(job);
}

#define PLAIN "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789._/+,=@:%-"

/* Appends the name as a shell reads it. Leaves out a name that is none in quotes, or that a message does not show
 * as it is. */
static void append_file(char *command, size_t size, const char *name) {
    const size_t length = strlen(command);
    for (const char *c = name; *c != '\0'; c++)
        if (*c < ' ' || *c > '~' || *c == '\'')
            return;
    if (*name != '-')
        snprintf(command + length, size - length, name[strspn(name, PLAIN)] == '\0' ? " %s" : " '%s'", name);
}

/* Refuses a picture of another size, with the command that makes it fit. */
static int refuse_size(const struct job *job) {
    const struct pnm_picture *p = &job->in.picture;
    const char *name = job->in.in.name;
    const bool standard = job->in.in.fd == STDIN_FILENO;
    char command[ERROR_SUBJECT];
    snprintf(command, sizeof command, "pamscale -width=%zu -height=%zu", job->first.width, job->first.height);
    if (!standard)
        append_file(command, sizeof command, name);
    return fail("%s: picture %" PRIu64 ": is %zu wide and %zu high, wanted %zu and %zu as the first picture: %s%s "
                "makes it fit",
                name, job->in.number, p->width, p->height, job->first.width, job->first.height, command,
                standard ? " before pnm2raw" : "");
}

/* Checks that the picture is like the first one. */
static int check_picture(const struct job *job) {
    const struct pnm_picture *p = &job->in.picture;
    const char *name = job->in.in.name;
    if (p->width != job->first.width || p->height != job->first.height)
        return refuse_size(job);
    if (p->colour != job->first.colour && !job->o->gray && !job->o->rgb)
        return fail("%s: picture %" PRIu64 ": is %s, wanted %s as the first picture: --gray or --rgb makes them "
                    "alike",
                    name, job->in.number, p->colour ? "in colour" : "grey", p->colour ? "grey" : "colour");
    if (p->maxval > 255 && job->form.dtype == DTYPE_U8 && job->o->dtype == FORM_AUTO)
        return fail("%s: picture %" PRIu64 ": has maxval %u, wanted at most 255 as in the first picture: --dtype "
                    "f32 keeps all levels, and --dtype u8 rounds them",
                    name, job->in.number, p->maxval);
    return 0;
}

/* Notes once that levels are rounded, and that pixels are mixed with the background. */
static void note(struct job *job) {
    const struct pnm_picture *p = &job->in.picture;
    if (!job->told_rounded && picture_is_rounded(p, &job->form)) {
        cli_note("%s: picture %" PRIu64 ": levels from 0 to %u are rounded to those of u8; --dtype f32 keeps them",
                 job->in.in.name, job->in.number, p->maxval);
        job->told_rounded = true;
    }
    if (!job->told_opacity && p->opacity) {
        const unsigned char *b = job->form.background;
        cli_note("%s: picture %" PRIu64 ": transparent pixels show the background, #%02x%02x%02x (--background)",
                 job->in.in.name, job->in.number, b[0], b[1], b[2]);
        job->told_opacity = true;
    }
}

/* Begins a frame if the frame at work is full, and writes the picture's name, if names are written: that of its
 * file, with the picture's number from the second one on. */
static int begin_item(struct job *job, const char *file) {
    char id[SIDE_LINE_MAX / 8] = "", subject[ERROR_SUBJECT];
    if (job->ids.buffer != NULL && job->in.number == 1)
        snprintf(id, sizeof id, "%s", file);
    else if (job->ids.buffer != NULL)
        snprintf(id, sizeof id, "%s:%" PRIu64, file, job->in.number);
    if ((job->frame.items == job->capacity || !side_fits(&job->ids, strlen(id))) && write_frame(job, false) < 0)
        return -1;
    if (job->ids.buffer == NULL)
        return 0;
    snprintf(subject, sizeof subject, "%s: the name", file);
    return side_write(&job->ids, id, strlen(id), subject);
}

/* Reads n pixels, and converts them. */
static int read_pixels(struct job *job, size_t n, unsigned char *to) {
    const struct pnm_picture *p = &job->in.picture;
    if (picture_is_item(p, &job->form))
        return pnm_read_bytes(&job->in, to, n * p->planes);
    if (pnm_read(&job->in, job->samples, n * p->planes) < 0)
        return -1;
    picture_convert(p, &job->form, job->samples, n, to);
    return 0;
}

/* Adds the picture as an item. */
static int add_item(struct job *job, const char *file) {
    if ((!job->begun && begin(job) < 0) || check_picture(job) < 0)
        return -1;
    note(job);
    if (begin_item(job, file) < 0)
        return -1;
    unsigned char *to = job->payload + job->frame.items * job->item_bytes;
    job->frame.items++;
    if (job->large && write_frame(job, false) < 0)
        return -1;
    for (size_t left = job->first.width * job->first.height; left > 0;) {
        const size_t n = left < CHUNK ? left : CHUNK;
        if (read_pixels(job, n, to) < 0 || (job->large && raw_write(&job->out, to, n * job->pixel_bytes) < 0))
            return -1;
        to += job->large ? 0 : n * job->pixel_bytes;
        left -= n;
    }
    job->items++;
    return job->o->live && !job->large ? write_frame(job, false) : 0;
}

static int add_pictures(struct job *job, const char *file) {
    int more;
    while ((more = pnm_next(&job->in)) == 1)
        if (add_item(job, file) < 0)
            return -1;
    return more;
}

/* Adds the pictures of a file; NULL: standard input. */
static int add_file(struct job *job, const char *file) {
    if (pnm_open(&job->in, file) < 0)
        return -1;
    const int result = add_pictures(job, file);
    pnm_close(&job->in);
    return result;
}

static int convert(struct job *job) {
    const struct options *o = job->o;
    for (size_t i = 0; i < o->count || i == 0; i++)
        if (add_file(job, o->count == 0 ? NULL : o->files[i]) < 0)
            return -1;
    if (write_frame(job, true) < 0 || (job->ids.buffer != NULL && side_writer_close(&job->ids) < 0))
        return -1;
    return raw_finish(&job->out);
}

static int run(const struct options *o) {
    struct job job = {.o = o};
    if (raw_writer_start(&job.out) < 0)
        return -1;
    progress_start(!cli_quiet(), true);
    const int result = convert(&job);
    side_writer_abandon(&job.ids);
    free(job.payload);
    free(job.samples);
    return result;
}

int main(int argc, char **argv) {
    const struct options o = parse(argc, argv);
    return cli_finish(run(&o));
}
