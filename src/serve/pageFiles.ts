/** The page: a fixed list of files, read once at start. What is not in it is not served, so that no path can lead out of it. */
import { createHash } from 'node:crypto';
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { extname, join, relative } from 'node:path';
import { gzipSync } from 'node:zlib';

export interface PageFile {
  contentType: string;
  cacheControl: string;
  etag: string;
  plain: Buffer;
  /** null: not worth it. */
  gzip: Buffer | null;
}

const contentTypes: Record<string, string> = {
  '.html': 'text/html; charset=utf-8',
  '.js': 'text/javascript; charset=utf-8',
  '.css': 'text/css; charset=utf-8',
  '.svg': 'image/svg+xml',
  '.png': 'image/png',
  '.ico': 'image/x-icon',
  '.webmanifest': 'application/manifest+json',
  '.woff2': 'font/woff2',
};
const maxFiles = 100;
const maxBytes = 4 * 1024 * 1024;
/** Vite puts a hash of the content into these names. */
const hashedName = /[-.][A-Za-z0-9_-]{8}\.[a-z0-9]+$/;

/** By URL path; `/` is index.html. Empty when there is no such folder. */
export function loadPageFiles(folder: string): ReadonlyMap<string, PageFile> {
  const files = new Map<string, PageFile>();
  if (!existsSync(folder)) return files;
  let bytes = 0;
  for (const entry of readdirSync(folder, { recursive: true, withFileTypes: true })) {
    const contentType = contentTypes[extname(entry.name)];
    if (!entry.isFile() || contentType === undefined) continue;
    const path = join(entry.parentPath, entry.name);
    const plain = readFileSync(path);
    bytes += plain.length;
    if (files.size >= maxFiles || bytes > maxBytes)
      throw new Error(`the page in ${folder} is larger than ${maxFiles} files or ${maxBytes} bytes`);
    const file = pageFile(entry.name, contentType, plain);
    const url = `/${relative(folder, path)}`;
    files.set(url, file);
    if (url === '/index.html') files.set('/', file);
  }
  return files;
}

function pageFile(name: string, contentType: string, plain: Buffer): PageFile {
  const isText = /^text|svg|json/.test(contentType);
  const gzip = isText && plain.length > 1024 ? gzipSync(plain, { level: 9 }) : null;
  return {
    contentType,
    cacheControl: hashedName.test(name) ? 'public, max-age=31536000, immutable' : 'no-cache',
    etag: `"${createHash('sha256').update(plain).digest('base64url').slice(0, 20)}"`,
    plain,
    gzip,
  };
}
