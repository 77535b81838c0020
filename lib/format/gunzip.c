/* SPDX-License-Identifier: MIT */
#include "format/gunzip.h"

#include "base/error.h"

#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include <zlib.h>

#define CHUNK 65536
#define GZIP_ONLY (MAX_WBITS + 16) /* zlib: gzip's header and checksum, not zlib's own */

struct gunzip_state {
    bool compressed, in_member;
    z_stream z;
    unsigned char input[CHUNK]; /* z.next_in points into it; for a plain input, its first bytes */
};

/* Fills the empty input buffer. Returns the number of bytes, 0 at the end, or -1. */
static ssize_t refill(struct gunzip *gz) {
    struct gunzip_state *s = gz->state;
    ssize_t n = input_read(&gz->in, s->input, CHUNK);
    s->z.next_in = s->input;
    s->z.avail_in = n > 0 ? (unsigned)n : 0;
    return n;
}

static bool at_magic(const z_stream *z) {
    return z->avail_in >= 2 && z->next_in[0] == 0x1f && z->next_in[1] == 0x8b;
}

/* Reads the first bytes. */
static int begin(struct gunzip *gz) {
    if (refill(gz) < 0)
        return -1;
    gz->state->compressed = gz->state->in_member = at_magic(&gz->state->z);
    return 0;
}

int gunzip_open(struct gunzip *gz, const char *path) {
    gz->state = NULL;
    if (input_open(&gz->in, path) < 0)
        return -1;
    gz->state = calloc(1, sizeof *gz->state);
    if (gz->state == NULL || inflateInit2(&gz->state->z, GZIP_ONLY) != Z_OK) {
        (void)fail("%s: out of memory", gz->in.name);
        goto failed;
    }
    gz->beginning = lseek(gz->in.fd, 0, SEEK_CUR);
    if (begin(gz) == 0)
        return 0;
failed:
    gunzip_close(gz);
    return -1;
}

/* Reads the bytes in which the magic number was looked for, then directly from the file. */
static ssize_t read_plain(struct gunzip *gz, unsigned char *to, size_t size) {
    z_stream *z = &gz->state->z;
    size_t have = z->avail_in < size ? z->avail_in : size;
    memcpy(to, z->next_in, have);
    z->next_in += have;
    z->avail_in -= (unsigned)have;
    if (have == size)
        return (ssize_t)have;
    ssize_t n = input_read(&gz->in, to + have, size - have);
    return n < 0 ? -1 : (ssize_t)have + n;
}

/* After a member: 1 if another one begins, 0 at the end of the input. */
static int next_member(struct gunzip *gz) {
    z_stream *z = &gz->state->z;
    if (z->avail_in < 2) {
        /* The magic number may lie across two reads: its first byte is moved to the front. */
        unsigned kept = z->avail_in;
        memmove(gz->state->input, z->next_in, kept);
        ssize_t n = input_read(&gz->in, gz->state->input + kept, CHUNK - kept);
        if (n < 0)
            return -1;
        z->next_in = gz->state->input;
        z->avail_in = kept + (unsigned)n;
    }
    if (z->avail_in == 0)
        return 0;
    if (!at_magic(z))
        return fail("%s: other bytes follow the gzip data, wanted its end", gz->in.name);
    inflateReset(z);
    return 1;
}

static int inflate_some(struct gunzip *gz) {
    z_stream *z = &gz->state->z;
    if (z->avail_in == 0) {
        ssize_t n = refill(gz);
        if (n < 0)
            return -1;
        if (n == 0)
            return fail("%s: the gzip data ends early, wanted all of it", gz->in.name);
    }
    int result = inflate(z, Z_NO_FLUSH);
    if (result == Z_STREAM_END)
        gz->state->in_member = false;
    else if (result == Z_MEM_ERROR) /* inflate allocates on its first call */
        return fail("%s: out of memory", gz->in.name);
    else if (result != Z_OK && result != Z_BUF_ERROR)
        return fail("%s: the gzip data is damaged (%s), wanted it whole", gz->in.name,
                    z->msg == NULL ? zError(result) : z->msg);
    return 0;
}

static ssize_t read_compressed(struct gunzip *gz, unsigned char *to, size_t size) {
    z_stream *z = &gz->state->z;
    size_t have = 0;
    while (have < size) {
        if (!gz->state->in_member) {
            int more = next_member(gz);
            if (more < 0)
                return -1;
            if (more == 0)
                break;
            gz->state->in_member = true;
        }
        const size_t room = size - have < (1u << 30) ? size - have : 1u << 30; /* zlib counts in unsigned */
        z->next_out = to + have;
        z->avail_out = (unsigned)room;
        if (inflate_some(gz) < 0)
            return -1;
        have += room - z->avail_out;
    }
    return (ssize_t)have;
}

ssize_t gunzip_read(struct gunzip *gz, void *buffer, size_t size) {
    return gz->state->compressed ? read_compressed(gz, buffer, size) : read_plain(gz, buffer, size);
}

bool gunzip_is_compressed(const struct gunzip *gz) {
    return gz->state->compressed;
}

int gunzip_rewind(struct gunzip *gz) {
    if (gz->beginning < 0 || lseek(gz->in.fd, (off_t)gz->beginning, SEEK_SET) < 0)
        return fail_system(gz->in.name, "cannot seek");
    inflateReset(&gz->state->z);
    return begin(gz);
}

void gunzip_close(struct gunzip *gz) {
    if (gz->state != NULL)
        inflateEnd(&gz->state->z);
    free(gz->state);
    gz->state = NULL;
    input_close(&gz->in);
}
