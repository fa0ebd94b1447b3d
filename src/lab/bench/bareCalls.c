/* The bare cost of the system calls: statm and the number of open files of every process, once a second.
   usage: bareCalls PASSES; prints the ms of CPU of a pass, median: with files kept open, and with files opened anew. */
#define _GNU_SOURCE
#include <dirent.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <unistd.h>

enum { most = 65536, mostPasses = 1000 };
static int pids[most], statm[most], fds[most];
static double kept[mostPasses], anew[mostPasses];

static double cpuMs(void) {
  struct rusage usage;
  getrusage(RUSAGE_SELF, &usage);
  return (usage.ru_utime.tv_sec + usage.ru_stime.tv_sec) * 1e3 + (usage.ru_utime.tv_usec + usage.ru_stime.tv_usec) / 1e3;
}

static int byValue(const void *a, const void *b) {
  double x = *(const double *)a, y = *(const double *)b;
  return (x > y) - (x < y);
}

int main(int count, char **values) {
  struct rlimit files;
  getrlimit(RLIMIT_NOFILE, &files);
  files.rlim_cur = files.rlim_max;
  setrlimit(RLIMIT_NOFILE, &files);
  int passes = count > 1 ? atoi(values[1]) : 1;
  if (passes < 1 || passes > mostPasses) return 2;
  char path[64], text[256];
  struct stat seen;
  int processes = 0;
  DIR *proc = opendir("/proc");
  for (struct dirent *entry; processes < most && (entry = readdir(proc)) != NULL;) {
    int pid = atoi(entry->d_name);
    if (pid <= 0) continue;
    snprintf(path, sizeof path, "/proc/%d/statm", pid);
    statm[processes] = open(path, O_RDONLY);
    snprintf(path, sizeof path, "/proc/%d/fd", pid);
    fds[processes] = open(path, O_RDONLY);
    if (statm[processes] < 0 || fds[processes] < 0) continue;
    pids[processes] = pid;
    processes += 1;
  }
  for (int pass = 0; pass < passes; pass += 1) {
    sleep(1);
    double start = cpuMs();
    for (int index = 0; index < processes; index += 1) {
      if (pread(statm[index], text, sizeof text, 0) < 0) continue;
      fstat(fds[index], &seen);
    }
    double middle = cpuMs();
    for (int index = 0; index < processes; index += 1) {
      snprintf(path, sizeof path, "/proc/%d/statm", pids[index]);
      int file = open(path, O_RDONLY);
      if (file < 0) continue;
      if (read(file, text, sizeof text) >= 0) snprintf(path, sizeof path, "/proc/%d/fd", pids[index]);
      close(file);
      stat(path, &seen);
    }
    kept[pass] = middle - start;
    anew[pass] = cpuMs() - middle;
  }
  qsort(kept, passes, sizeof *kept, byValue);
  qsort(anew, passes, sizeof *anew, byValue);
  printf("%f %f\n", kept[passes / 2], anew[passes / 2]);
  return 0;
}
