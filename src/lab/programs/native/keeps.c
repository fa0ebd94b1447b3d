/* Programs in C, each of which keeps something, or is healthy, beside a bounded cache and what comes and goes. Arguments: kind, requests a second.
   Says `DONE n` after each thousand requests, and ends when its standard input does. */
#include <poll.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

struct audit {
  struct audit *next;
  char *user;
  int status;
  char line[120];
};

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

static void keep(long request) {
  if (strcmp(kind, "healthy") == 0 || strcmp(kind, "retained") == 0 || strcmp(kind, "arenas") == 0) return;
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
