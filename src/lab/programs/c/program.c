/*
 * The C programs of the lab: --kind leak, warm-up, lru-cache, gc-sawtooth, load, fd-leak or close-wait.
 * The other options, and what each kind does, are those of ../node.
 */
#define _GNU_SOURCE
#include <arpa/inet.h>
#include <fcntl.h>
#include <getopt.h>
#include <math.h>
#include <poll.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

#define SHORTEST_STEP_SECONDS 0.1
/* Less at a time would be lost in what the allocator needs for itself. */
#define LEAST_TAKE_BYTES (16 * 1024)
#define BUSIEST_SECONDS_PER_STEP 0.02
/* A leak that somebody forgot ends by itself before it hurts the machine. */
#define MOST_HELD_BYTES (2LL << 30)
#define MOST_COUNTED 16384

struct chunk {
  struct chunk *older, *newer;
  size_t bytes;
  unsigned char payload[];
};

static struct chunk *oldest, *newest;
static size_t held_bytes;

/* Memory that is really there: every page is written. */
static void take(size_t bytes) {
  struct chunk *chunk = malloc(sizeof *chunk + bytes);
  if (chunk == NULL) exit(1);
  memset(chunk->payload, 0x5a, bytes);
  chunk->bytes = bytes;
  chunk->older = newest;
  chunk->newer = NULL;
  if (newest != NULL) newest->newer = chunk;
  else oldest = chunk;
  newest = chunk;
  held_bytes += bytes;
}

static void drop(struct chunk *chunk) {
  if (chunk->older != NULL) chunk->older->newer = chunk->newer;
  else oldest = chunk->newer;
  if (chunk->newer != NULL) chunk->newer->older = chunk->older;
  else newest = chunk->older;
  held_bytes -= chunk->bytes;
  free(chunk);
}

static double now(void) {
  struct timespec time;
  clock_gettime(CLOCK_MONOTONIC, &time);
  return time.tv_sec + time.tv_nsec / 1e9;
}

static uint32_t random_state;

/* mulberry32, the same in all languages of the lab. */
static double next_random(void) {
  random_state += 0x6d2b79f5u;
  uint32_t mixed = (random_state ^ (random_state >> 15)) * (random_state | 1);
  mixed ^= mixed + (mixed ^ (mixed >> 7)) * (mixed | 61);
  return (mixed ^ (mixed >> 14)) / 4294967296.0;
}

static double rate = 1 << 20, size, noise = 0.1;

static void leak(size_t bytes, double seconds) {
  (void)seconds;
  take(bytes);
  if (held_bytes > MOST_HELD_BYTES) exit(0);
}

static void warm_up(size_t bytes, double seconds) {
  double share = 1 - seconds / (2 * size / rate);
  if (share > 0) take(bytes * share);
}

static void lru_cache(size_t bytes, double seconds) {
  (void)seconds;
  take(bytes);
  while (held_bytes > size) drop(oldest);
}

static void gc_sawtooth(size_t bytes, double seconds) {
  (void)seconds;
  take(4 * bytes);
  if (held_bytes < size) return;
  while (oldest != NULL) drop(oldest);
}

static void load(size_t bytes, double seconds) {
  double share = 0.5 - 0.5 * cos(2 * M_PI * seconds / (1.25 * size / rate));
  while (held_bytes + bytes <= size * share) take(bytes);
  while (newest != NULL && held_bytes > size * share) drop(newest);
  for (double end = now() + BUSIEST_SECONDS_PER_STEP * share; now() < end;) continue;
}

/* How many open files or sockets are due: one for each 64 KiB. */
static int counted(size_t bytes) {
  static double owed;
  static int taken;
  owed += bytes / 65536.0;
  int due = owed;
  owed -= due;
  taken += due;
  if (taken > MOST_COUNTED) exit(0);
  return due;
}

static void fd_leak(size_t bytes, double seconds) {
  char path[64];
  (void)seconds;
  snprintf(path, sizeof path, "/tmp/stanch-lab-%d.log", getpid());
  for (int due = counted(bytes); due > 0; due--)
    if (open(path, O_CREAT | O_APPEND | O_WRONLY, 0600) < 0 || unlink(path) != 0) exit(1);
}

static void close_wait(size_t bytes, double seconds) {
  static struct sockaddr_in address = {.sin_family = AF_INET};
  static socklen_t length = sizeof address;
  static int server = -1;
  (void)seconds;
  if (server < 0) {
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    server = socket(AF_INET, SOCK_STREAM, 0);
    if (bind(server, (struct sockaddr *)&address, length) != 0 || listen(server, 16) != 0) exit(1);
    getsockname(server, (struct sockaddr *)&address, &length);
  }
  for (int due = counted(bytes); due > 0; due--) {
    int client = socket(AF_INET, SOCK_STREAM, 0);
    if (client < 0 || connect(client, (struct sockaddr *)&address, length) != 0) exit(1);
    close(accept(server, NULL, NULL));
  }
}

static const struct {
  const char *name;
  void (*step)(size_t bytes, double seconds);
} kinds[] = {{"leak", leak}, {"warm-up", warm_up}, {"lru-cache", lru_cache}, {"gc-sawtooth", gc_sawtooth}, {"load", load},
             {"fd-leak", fd_leak}, {"close-wait", close_wait}};
#define KINDS (int)(sizeof kinds / sizeof *kinds)

static double parse_size(const char *text) {
  static const char *units[] = {"B", "KiB", "MiB", "GiB"};
  char *unit;
  double value = strtod(text, &unit);
  for (int power = 0; power < 4; power++)
    if (strcmp(unit, units[power]) == 0) return value * pow(1024, power);
  fprintf(stderr, "expected a size such as 512KiB; found %s\n", text);
  exit(64);
}

static int kind = -1;

static void read_options(int count, char **arguments) {
  static const struct option options[] = {
      {"kind", required_argument, NULL, 'k'},  {"rate", required_argument, NULL, 'r'}, {"size", required_argument, NULL, 's'},
      {"noise", required_argument, NULL, 'n'}, {"seed", required_argument, NULL, 'x'},
      {NULL, 0, NULL, 0}};
  random_state = 1;
  for (int option; (option = getopt_long(count, arguments, "", options, NULL)) != -1;) {
    if (option == 'r') rate = parse_size(optarg);
    if (option == 's') size = parse_size(optarg);
    if (option == 'n') noise = atof(optarg);
    if (option == 'x') random_state = strtoul(optarg, NULL, 10);
    if (option == '?') exit(64);
    for (int i = 0; option == 'k' && i < KINDS; i++)
      if (strcmp(optarg, kinds[i].name) == 0) kind = i;
  }
  if (kind < 0) {
    fprintf(stderr, "expected --kind leak, warm-up, lru-cache, gc-sawtooth, load, fd-leak or close-wait\n");
    exit(64);
  }
  if (size == 0) size = 12 * rate;
}

/* Waits a step; ends the program when stdin has ended: whoever started it is gone. */
static void wait_step(void) {
  struct pollfd standard_input = {.fd = getenv("STANCH_LAB_UNTIL_STDIN_ENDS") != NULL ? 0 : -1, .events = POLLIN};
  char byte;
  if (poll(&standard_input, 1, SHORTEST_STEP_SECONDS * 1000) > 0 && read(0, &byte, 1) <= 0) exit(0);
}

int main(int count, char **arguments) {
  read_options(count, arguments);
  double step_seconds = fmax(SHORTEST_STEP_SECONDS, LEAST_TAKE_BYTES / rate);
  double started = now();
  unsigned char *working_set = NULL;
  for (long steps_done = 0;;) {
    long steps_due = 1 + (now() - started) / step_seconds;
    for (; steps_done < steps_due; steps_done++) {
      double due = rate * step_seconds * (1 + noise * (2 * next_random() - 1));
      kinds[kind].step(due, steps_done * step_seconds);
      if (steps_done == 0 && (puts("READY") < 0 || fflush(stdout) != 0)) return 1;
    }
    if (noise > 0) {
      size_t bytes = noise * rate * 10 * next_random();
      free(working_set);
      working_set = malloc(bytes + 1);
      if (working_set == NULL) return 1;
      memset(working_set, 0x5a, bytes + 1);
    }
    wait_step();
  }
}
