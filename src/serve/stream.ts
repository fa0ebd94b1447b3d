/**
 * The live stream: server-sent events, one `tick` after each scan. A client that reads slowly gets the latest tick only,
 * one that does not read at all is dropped, and there are never more than a few.
 */
import type { ServerResponse } from 'node:http';
import type { LiveSource } from './source.ts';
import { tickDocument } from './status.ts';

const maxClients = 16;
const heartbeatMs = 15_000;
const stuckAfterMs = 60_000;

interface Client {
  response: ServerResponse;
  /** The latest tick that did not fit; null when the client keeps up. */
  waiting: string | null;
  blockedSinceMs: number | null;
}

export class LiveStream {
  private readonly clients = new Set<Client>();
  private readonly source: LiveSource;
  private readonly unsubscribe: () => void;
  private readonly heartbeat: NodeJS.Timeout;

  constructor(source: LiveSource) {
    this.source = source;
    this.unsubscribe = source.onTick(() => this.broadcast());
    this.heartbeat = setInterval(() => this.beat(), heartbeatMs).unref();
  }

  get isFull(): boolean {
    return this.clients.size >= maxClients;
  }

  /** Takes the response over, headers included. */
  add(response: ServerResponse, headers: Record<string, string>): void {
    const client: Client = { response, waiting: null, blockedSinceMs: null };
    response.writeHead(200, { ...headers, 'Content-Type': 'text/event-stream; charset=utf-8', 'Cache-Control': 'no-store' });
    this.clients.add(client);
    response.on('close', () => this.clients.delete(client));
    response.on('drain', () => {
      client.blockedSinceMs = null;
      const { waiting } = client;
      client.waiting = null;
      if (waiting !== null) send(client, waiting);
    });
    send(client, `retry: 3000\n${this.event()}`);
  }

  close(): void {
    this.unsubscribe();
    clearInterval(this.heartbeat);
    for (const client of this.clients) client.response.destroy();
    this.clients.clear();
  }

  private event(): string {
    return `event: tick\ndata: ${JSON.stringify(tickDocument(this.source))}\n\n`;
  }

  private broadcast(): void {
    if (this.clients.size === 0) return;
    const event = this.event();
    for (const client of this.clients) {
      if (client.blockedSinceMs === null) send(client, event);
      else client.waiting = event;
    }
  }

  private beat(): void {
    for (const client of this.clients) {
      if (client.blockedSinceMs === null) send(client, ': still here\n\n');
      else if (performance.now() - client.blockedSinceMs > stuckAfterMs) client.response.destroy();
    }
  }
}

function send(client: Client, text: string): void {
  if (!client.response.write(text)) client.blockedSinceMs ??= performance.now();
}
