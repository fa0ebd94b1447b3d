/* Programs in C, each of which keeps something, or is healthy, beside a bounded cache and what comes and goes. Arguments: kind, requests a second.
   Says `DONE n` after each thousand requests, and ends when its standard input does. */
#include <poll.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

struct connection;

struct connection_ops {
  void (*close)(struct connection *);
};

struct connection {
  const struct connection_ops *ops;
  struct connection *next;
  long port;
  char buffer[150];
};

static struct connection *connections;

struct audit {
  struct audit *next;
  char *user;
  int status;
  char line[120];
};

/* What a library for lists gives: what it holds is any pointer. */
struct cell {
  void *item;
  struct cell *next;
};

struct visitor {
  struct visitor *left, *right;
  unsigned hash;
  char agent[180];
};

struct bucket {
  struct bucket *next;
  long key;
  double totals[12];
};

struct shop;

struct entry {
  struct shop *shop;
  struct entry *next;
  char line[120];
};

/* Entries of one kind in two places: the latest are exchanged one by one, those of failed requests are kept. */
struct shop {
  struct entry **recent, *failed;
};

enum { recent_entries = 20000 };
static struct shop *shop;
static struct cell *pending;
static struct visitor *visitors;
static struct bucket *buckets[4096];
static char *trace_text;
static size_t trace_length, trace_room;
char *pictures[100000];
static size_t picture_count;
static struct audit *audit_log;
static struct audit **audit_table;
static size_t audit_count, audit_room;
static char *cache[512];
static const char *kind;

static struct audit *new_audit(long request) {
  struct audit *audit = malloc(sizeof *audit);
  audit->next = NULL;
  audit->status = 200;
  snprintf(audit->line, sizeof audit->line, "audit req=%ld path=/api/v1/orders/%ld", request, request * 7);
  audit->user = strdup("user@example.com");
  return audit;
}

static void keep_pending(long request) {
  struct cell *cell = malloc(sizeof *cell);
  cell->item = new_audit(request);
  cell->next = pending;
  pending = cell;
}

static void keep_visitor(long request) {
  struct visitor **place = &visitors, *visitor = calloc(1, sizeof *visitor);
  visitor->hash = (unsigned)request * 2654435761u;
  snprintf(visitor->agent, sizeof visitor->agent, "Mozilla/5.0 (X11; Linux x86_64) visitor %ld", request);
  while (*place != NULL) place = visitor->hash < (*place)->hash ? &(*place)->left : &(*place)->right;
  *place = visitor;
}

static void keep_bucket(long request) {
  struct bucket *bucket = calloc(1, sizeof *bucket);
  bucket->key = request;
  bucket->totals[0] = request / 7.0;
  bucket->next = buckets[request % 4096];
  buckets[request % 4096] = bucket;
}

static struct entry *new_entry(long request) {
  struct entry *entry = malloc(sizeof *entry);
  entry->shop = shop;
  entry->next = NULL;
  snprintf(entry->line, sizeof entry->line, "request %ld", request);
  return entry;
}

static void open_shop(void) {
  shop = malloc(sizeof *shop);
  shop->failed = NULL;
  shop->recent = malloc(recent_entries * sizeof *shop->recent);
  for (long each = 0; each < recent_entries; each++) shop->recent[each] = new_entry(-each);
}

static void keep_entry(long request) {
  struct entry *entry = new_entry(request), **place = &shop->recent[request % recent_entries];
  entry->next = shop->failed;
  shop->failed = entry;
  free(*place);
  *place = new_entry(request);
}

static void close_connection(struct connection *connection) { free(connection); }
static const struct connection_ops tcp_ops = {close_connection};

static void keep_connection(long request) {
  struct connection *connection = calloc(1, sizeof *connection);
  connection->ops = &tcp_ops;
  connection->port = request;
  connection->next = connections;
  connections = connection;
}

static void keep_text(long request) {
  if (trace_length + 100 > trace_room) trace_text = realloc(trace_text, trace_room += 65536);
  trace_length += snprintf(trace_text + trace_length, 100, "request %ld was served without any trouble at all\n", request);
}

/* A picture in a hundred requests, too large for the heap: malloc maps it. */
static void keep_picture(long request) {
  if (request % 100 != 0 || picture_count == 100000) return;
  pictures[picture_count] = malloc(200000);
  memset(pictures[picture_count++], 0x7f, 200000);
}

/* Of any size, and nothing refers to it. */
static void forget(long request) {
  char *answer = malloc(24 + (request * 37) % 360);
  snprintf(answer, 24, "answer %ld", request);
}

static void *forget_in_thread(void *request) {
  new_audit((long)request);
  return NULL;
}

static void serve_in_thread(long request) {
  pthread_t thread;
  if (request % 20 != 0) return;
  pthread_create(&thread, NULL, forget_in_thread, (void *)request);
  pthread_join(thread, NULL);
}

/* Large blocks of any size that take turns, and a table that was asked for in advance and is touched here and there. */
static void use_large(long request) {
  static char *turns[8], *table;
  if (request % 50 != 0) return;
  size_t size = 100000 + (request * 7919) % 900000;
  free(turns[request / 50 % 8]);
  memset(turns[request / 50 % 8] = malloc(size), 0x7f, size);
  if (table == NULL) table = malloc(8000000);
  table[(request * 2654435761u) % 8000000] = 1;
}

static void keep(long request) {
  if (strcmp(kind, "healthy-large") == 0) return use_large(request);
  if (strcmp(kind, "healthy") == 0 || strcmp(kind, "retained") == 0 || strcmp(kind, "arenas") == 0) return;
  if (strcmp(kind, "void-list") == 0) return keep_pending(request);
  if (strcmp(kind, "beside-cache") == 0) return keep_entry(request);
  if (strcmp(kind, "tree") == 0) return keep_visitor(request);
  if (strcmp(kind, "hash-table") == 0) return keep_bucket(request);
  if (strcmp(kind, "connections") == 0) return keep_connection(request);
  if (strcmp(kind, "text") == 0) return keep_text(request);
  if (strcmp(kind, "pictures") == 0) return keep_picture(request);
  if (strcmp(kind, "many-sizes") == 0) return forget(request);
  if (strcmp(kind, "threads") == 0) return serve_in_thread(request);
  struct audit *audit = new_audit(request);
  if (strcmp(kind, "list") == 0) {
    audit->next = audit_log;
    audit_log = audit;
  } else if (strcmp(kind, "array") == 0) {
    if (audit_count == audit_room) audit_table = realloc(audit_table, (audit_room = audit_room ? audit_room * 2 : 1024) * sizeof *audit_table);
    audit_table[audit_count++] = audit;
  }
  /* lost: nothing refers to it any more */
}

static void serve(long request) {
  char *scratch = malloc(64 + request % 400);
  memset(scratch, 'x', 64);
  size_t slot = (size_t)(request * 2654435761u) % 512;
  free(cache[slot]);
  cache[slot] = malloc(100 + request % 300);
  snprintf(cache[slot], 100, "page %ld of the shop", request);
  keep(request);
  free(scratch);
}

/* Takes `count` blocks and gives all but every thousandth back, as a peak does: malloc keeps what lies between. */
static void peak(long count) {
  char **blocks = malloc(count * sizeof *blocks);
  for (long each = 0; each < count; each++) memset(blocks[each] = malloc(400), 'p', 400);
  for (long each = 0; each < count; each++)
    if (each % 1000 != 999) free(blocks[each]);
  free(blocks);
}

static void *peak_in_thread(void *ready) {
  peak(20000);
  pthread_barrier_wait(ready);
  pause();
  return NULL;
}

/* Threads that run at the same time have an arena each. */
static void peaks(int threads) {
  static pthread_barrier_t ready;
  pthread_barrier_init(&ready, NULL, threads + 1);
  for (int each = 0; each < threads; each++) {
    pthread_t thread;
    pthread_create(&thread, NULL, peak_in_thread, &ready);
  }
  pthread_barrier_wait(&ready);
}

int main(int argc, char **argv) {
  kind = argc > 1 ? argv[1] : "healthy";
  long per_second = argc > 2 ? atol(argv[2]) : 5000;
  long prefill = argc > 3 ? atol(argv[3]) : 0;
  const char *wanted = kind;
  if (strcmp(kind, "retained") == 0) peak(200000);
  if (strcmp(kind, "arenas") == 0) peaks(12);
  if (strcmp(kind, "beside-cache") == 0) open_shop();
  kind = "array";
  for (long request = 0; request < prefill; request++) keep(request);
  kind = wanted;
  puts("READY");
  fflush(stdout);
  for (long request = 1;; request++) {
    serve(request);
    if (request % 100 == 0) {
      struct pollfd in = {.fd = 0, .events = POLLIN};
      char rest[64];
      if (poll(&in, 1, (int)(100000 / per_second)) > 0 && read(0, rest, sizeof rest) <= 0) return 0;
    }
    if (request % 1000 == 0) {
      printf("DONE %ld\n", request);
      fflush(stdout);
    }
  }
}
