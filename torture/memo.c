#define _DEFAULT_SOURCE
#include "torture/memo.h"

#include <pthread.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>

#define MEMO_BYTES (1u << 30) /* of addresses; what is not used costs nothing */
#define BUCKETS (1u << 16)

/* Places that some course with the same beginning has read. */
typedef struct group {
    memo_at next, places;
    uint32_t count;
    uint64_t list; /* over the places */
} group;

typedef struct entry {
    uint64_t key;
    memo_at next;
    _Atomic(memo_at) value; /* first group, or a course */
} entry;

struct memo {
    pthread_mutex_t lock; /* for filing; to find needs none */
    _Atomic(uint32_t) used;
    _Atomic(memo_at) bucket[BUCKETS];
};

memo *memo_new(void)
{
    memo *x = mmap(NULL, MEMO_BYTES, PROT_READ | PROT_WRITE,
                   MAP_SHARED | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
    if (x == MAP_FAILED) {
        return NULL;
    }
    pthread_mutexattr_t how;
    pthread_mutexattr_init(&how);
    pthread_mutexattr_setpshared(&how, PTHREAD_PROCESS_SHARED);
    pthread_mutexattr_setrobust(&how, PTHREAD_MUTEX_ROBUST); /* a life may die in it */
    pthread_mutex_init(&x->lock, &how);
    atomic_store(&x->used, (uint32_t)((sizeof *x + 15u) & ~15u));
    return x;
}

void memo_free(memo *x)
{
    if (x != NULL) {
        munmap(x, MEMO_BYTES);
    }
}

const void *memo_get(const memo *x, memo_at at)
{
    return (const uint8_t *)x + at;
}

void *memo_room(memo *x, memo_at where)
{
    return (uint8_t *)x + where;
}

memo_at memo_keep(memo *x, const void *bytes, size_t count)
{
    uint32_t room = (uint32_t)((count + 15u) & ~(size_t)15u);
    uint32_t where = atomic_load(&x->used);
    do {
        if (where > MEMO_BYTES - room) {
            return 0;
        }
    } while (!atomic_compare_exchange_weak(&x->used, &where, where + room));
    if (bytes != NULL) {
        memcpy(memo_room(x, where), bytes, count);
    }
    return where;
}

static entry *find(memo *x, uint64_t key)
{
    memo_at where = atomic_load(&x->bucket[(key >> 20) % BUCKETS]);
    while (where != 0u) {
        entry *e = memo_room(x, where);
        if (e->key == key) {
            return e;
        }
        where = e->next;
    }
    return NULL;
}

static entry *find_or_add(memo *x, uint64_t key)
{
    entry *e = find(x, key);
    if (e != NULL) {
        return e;
    }
    memo_at where = memo_keep(x, NULL, sizeof *e);
    if (where == 0u) {
        return NULL;
    }
    e = memo_room(x, where);
    e->key = key;
    atomic_init(&e->value, 0);
    e->next = atomic_load(&x->bucket[(key >> 20) % BUCKETS]);
    atomic_store(&x->bucket[(key >> 20) % BUCKETS], where);
    return e;
}

static uint64_t key_of(uint64_t beginning, uint64_t list, uint64_t number)
{
    return memo_fold(memo_fold(memo_fold(3u, beginning), list), number);
}

static bool numbers(const memo *x, const group *g, state *s, bool ram, uint64_t chance,
                    uint64_t *sum)
{
    const place *places = memo_get(x, g->places);
    *sum = 1u;
    for (uint32_t i = 0; i < g->count; i++) {
        uint64_t one;
        if (!state_number(s, places[i], ram, chance, &one)) {
            return false;
        }
        *sum = memo_fold(*sum, one);
    }
    return true;
}

const course *memo_find(memo *x, uint64_t beginning, state *s, bool ram, uint64_t chance)
{
    entry *root = find(x, beginning);
    memo_at where = root == NULL ? 0u : atomic_load(&root->value);
    while (where != 0u) {
        const group *g = memo_get(x, where);
        uint64_t sum;
        if (numbers(x, g, s, ram, chance, &sum)) {
            entry *e = find(x, key_of(beginning, g->list, sum));
            memo_at c = e == NULL ? 0u : atomic_load(&e->value);
            if (c != 0u) {
                return memo_get(x, c);
            }
        }
        where = g->next;
    }
    return NULL;
}

static void hold(memo *x)
{
    if (pthread_mutex_lock(&x->lock) != 0) {
        pthread_mutex_consistent(&x->lock); /* who held it is dead */
    }
}

static bool add_group(memo *x, entry *root, const place *places, uint32_t count, uint64_t list)
{
    memo_at first = atomic_load(&root->value);
    for (memo_at where = first; where != 0u;) {
        const group *g = memo_get(x, where);
        if (g->list == list) {
            return true;
        }
        where = g->next;
    }
    group g = {.next = first, .count = count, .list = list,
               .places = memo_keep(x, places, count * sizeof *places)};
    memo_at where = g.places == 0u ? 0u : memo_keep(x, &g, sizeof g);
    atomic_store(&root->value, where == 0u ? first : where);
    return where != 0u;
}

void memo_file(memo *x, uint64_t beginning, const place *places, uint32_t count, uint64_t number,
               const course *c)
{
    uint64_t list = 1u;
    for (uint32_t i = 0; i < count; i++) {
        list = memo_fold(list, places[i]);
    }
    hold(x);
    memo_at kept = memo_keep(x, c, sizeof *c);
    entry *e = kept == 0u ? NULL : find_or_add(x, key_of(beginning, list, number));
    entry *root = e == NULL ? NULL : find_or_add(x, beginning);
    if (root != NULL) {
        atomic_store(&e->value, kept);
        (void)add_group(x, root, places, count, list);
    }
    pthread_mutex_unlock(&x->lock);
}

/* ---- what the host has compressed -------------------------------------------------------- */

typedef struct stream {
    uint32_t bytes;
    memo_at data, reached;
} stream;

static bool again(const memo *x, const stream *s, tb_compressed *out)
{
    size_t reached = s->bytes * sizeof *out->reached;
    *out = (tb_compressed){.bytes = s->bytes, .data = malloc(s->bytes), .reached = malloc(reached)};
    if (out->data == NULL || out->reached == NULL) {
        tb_compressed_free(out);
        return false;
    }
    memcpy(out->data, memo_get(x, s->data), s->bytes);
    memcpy(out->reached, memo_get(x, s->reached), reached);
    return true;
}

static void file_stream(memo *x, uint64_t key, const tb_compressed *c)
{
    stream s = {.bytes = (uint32_t)c->bytes, .data = memo_keep(x, c->data, c->bytes),
                .reached = memo_keep(x, c->reached, c->bytes * sizeof *c->reached)};
    memo_at kept = s.data == 0u || s.reached == 0u ? 0u : memo_keep(x, &s, sizeof s);
    hold(x);
    entry *e = kept == 0u ? NULL : find_or_add(x, key);
    if (e != NULL) {
        atomic_store(&e->value, kept);
    }
    pthread_mutex_unlock(&x->lock);
}

/* All of it is in these two sums (docs/image.md). */
static uint64_t name_of(const tb_image_file *image)
{
    return (uint64_t)image->head.crc32 << 32 | image->head.header_crc32;
}

int memo_compress(void *ctx, const tb_image_file *image, size_t start, const tb_image_file *source,
                  tb_compressed *out)
{
    memo *x = ctx;
    uint64_t key = memo_fold(memo_fold(5u, name_of(image)), start);
    key = memo_fold(key, source == NULL ? 0u : name_of(source));
    entry *e = find(x, key);
    memo_at where = e == NULL ? 0u : atomic_load(&e->value);
    if (where != 0u && again(x, memo_get(x, where), out)) {
        return 0;
    }
    int result = tb_compress(image->data, image->bytes, start, source ? source->data : NULL,
                             source ? source->bytes : 0u, out);
    if (result == 0) {
        file_stream(x, key, out);
    }
    return result;
}
