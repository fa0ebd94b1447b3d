/*
 * Memory that no process seems to have: --kind sysv, orphan, memfd, deleted, shared, sockets or slab, and how much with --mib.
 * Prints READY once it holds it. Ends, and gives everything back, when its standard input ends. --path names the file of `deleted`.
 */
#define _GNU_SOURCE
#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <getopt.h>
#include <netinet/in.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ipc.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <sys/shm.h>
#include <sys/socket.h>
#include <unistd.h>

#define MIB (1024L * 1024)
/* What one pair of sockets takes in the kernel: two of each inode, file, name and socket. */
#define PAIR_BYTES 4096
#define MOST_MIB 512

static long hoard_bytes = 32 * MIB;
static const char *path;
static int segment = -1;

static void fail(const char *what) {
  perror(what);
  if (segment >= 0) shmctl(segment, IPC_RMID, NULL);
  exit(1);
}

static void make_segment(int stays_attached) {
  segment = shmget(IPC_PRIVATE, hoard_bytes, IPC_CREAT | 0600);
  if (segment < 0) fail("shmget");
  void *memory = shmat(segment, NULL, 0);
  if (memory == (void *)-1) fail("shmat");
  memset(memory, 0x5a, hoard_bytes);
  if (!stays_attached && shmdt(memory) < 0) fail("shmdt");
}

static void sysv(void) { make_segment(1); }
static void orphan(void) { make_segment(0); }

static void fill(int file) {
  static char block[65536];
  memset(block, 0x5a, sizeof block);
  for (long written = 0; written < hoard_bytes;) {
    ssize_t count = write(file, block, sizeof block);
    if (count <= 0) fail("write");
    written += count;
  }
}

static void memfd(void) {
  int file = memfd_create("stanch-hoard", 0);
  if (file < 0) fail("memfd_create");
  fill(file);
}

static void deleted(void) {
  int file = open(path, O_RDWR | O_CREAT | O_EXCL, 0600);
  if (file < 0 || unlink(path) < 0) fail(path);
  fill(file);
}

static void shared(void) {
  void *memory = mmap(NULL, hoard_bytes, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
  if (memory == MAP_FAILED) fail("mmap");
  memset(memory, 0x5a, hoard_bytes);
}

/* Connections over loopback whose reader never reads. */
static void sockets(void) {
  static char block[65536];
  struct sockaddr_in address = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
  socklen_t length = sizeof address;
  int listener = socket(AF_INET, SOCK_STREAM, 0);
  if (listener < 0 || bind(listener, (struct sockaddr *)&address, length) < 0 || listen(listener, 64) < 0) fail("listen");
  if (getsockname(listener, (struct sockaddr *)&address, &length) < 0) fail("getsockname");
  for (long held = 0; held < hoard_bytes;) {
    int sender = socket(AF_INET, SOCK_STREAM, 0);
    if (sender < 0 || connect(sender, (struct sockaddr *)&address, length) < 0 || accept(listener, NULL, NULL) < 0) fail("connect");
    if (fcntl(sender, F_SETFL, O_NONBLOCK) < 0) fail("fcntl");
    for (ssize_t count; (count = write(sender, block, sizeof block)) > 0;) held += count;
  }
}

static void slab(void) {
  struct rlimit files;
  if (getrlimit(RLIMIT_NOFILE, &files) < 0) fail("getrlimit");
  files.rlim_cur = files.rlim_max;
  if (setrlimit(RLIMIT_NOFILE, &files) < 0) fail("setrlimit");
  for (long held = 0; held < hoard_bytes; held += PAIR_BYTES) {
    int pair[2];
    if (socketpair(AF_UNIX, SOCK_DGRAM, 0, pair) == 0) continue;
    if (errno != EMFILE) fail("socketpair");
    /* As much as the limit of open files allows. */
    return;
  }
}

static const struct {
  const char *name;
  void (*take)(void);
} kinds[] = {{"sysv", sysv}, {"orphan", orphan}, {"memfd", memfd}, {"deleted", deleted}, {"shared", shared}, {"sockets", sockets}, {"slab", slab}};

int main(int count, char **arguments) {
  static const struct option options[] = {
      {"kind", required_argument, NULL, 'k'}, {"mib", required_argument, NULL, 'm'}, {"path", required_argument, NULL, 'p'}, {NULL, 0, NULL, 0}};
  void (*take)(void) = NULL;
  for (int option; (option = getopt_long(count, arguments, "", options, NULL)) != -1;) {
    if (option == 'm') hoard_bytes = atol(optarg) * MIB;
    if (option == 'p') path = optarg;
    for (size_t i = 0; option == 'k' && i < sizeof kinds / sizeof *kinds; i++)
      if (strcmp(optarg, kinds[i].name) == 0) take = kinds[i].take;
  }
  if (take == NULL || hoard_bytes < MIB || hoard_bytes > MOST_MIB * MIB || (take == deleted && path == NULL)) {
    fprintf(stderr, "expected --kind sysv, orphan, memfd, deleted (with --path), shared, sockets or slab, and --mib 1 to %d\n", MOST_MIB);
    return 64;
  }
  take();
  if (puts("READY") < 0 || fflush(stdout) != 0) fail("stdout");
  for (char byte; read(0, &byte, 1) > 0;) continue;
  if (segment >= 0 && shmctl(segment, IPC_RMID, NULL) < 0) fail("shmctl");
  return 0;
}
