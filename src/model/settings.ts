/** What the configuration file and the flags decide. Read and checked in cli/settings.ts. */
export interface Settings {
  intervalMs: number;
  /** Folder of the embedded store. */
  dataDir: string;
  listen: { host: string; port: number };
  retention: { maxAgeMs: number; maxBytes: number };
  /** Reading the API on loopback without a token. */
  allowLoopbackRead: boolean;
}
