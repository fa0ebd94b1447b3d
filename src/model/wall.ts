const walls: Record<string, string> = {
  limit_bytes: 'its memory limit',
  host_memory: 'memory and swap of this host',
  rlimit_nofile: 'its limit of open files',
};

/** What an exhaustion runs into, for people. */
export function wallPhrase(wall: string): string {
  return walls[wall] ?? wall;
}
