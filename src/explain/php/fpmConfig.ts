/**
 * Where a pool of PHP-FPM tells its state, from the configuration that its master names in its title:
 * `php-fpm: master process (/etc/php/8.2/fpm/php-fpm.conf)`.
 * https://www.php.net/manual/en/install.fpm.configuration.php
 */
export interface FpmPoolConfig {
  pool: string;
  /** Socket or `host:port` that answers with the state; null where the pool says none. */
  listen: string | null;
  /** `/status`; null where it is switched off, as it is unless somebody asks for it. */
  statusPath: string | null;
}

export interface FpmConfigFile {
  /** Patterns of further files, as they are written. */
  includes: string[];
  pools: FpmPoolConfig[];
}

export function parseFpmConfig(text: string): FpmConfigFile {
  const file: FpmConfigFile = { includes: [], pools: [] };
  let pool: FpmPoolConfig | null = null;
  for (const line of text.split('\n')) {
    const section = /^\s*\[([^\]]{1,200})\]/.exec(line)?.[1];
    if (section !== undefined) {
      pool = section === 'global' ? null : { pool: section, listen: null, statusPath: null };
      if (pool !== null) file.pools.push(pool);
      continue;
    }
    const [, key, quoted] = /^\s*([\w.]+)\s*=\s*(.*?)\s*(?:;.*)?$/.exec(line) ?? [];
    const value = quoted?.replace(/^(["'])(.*)\1$/, '$2').replaceAll('$pool', pool?.pool ?? '$pool');
    if (key === undefined || value === undefined || value === '') continue;
    if (key === 'include') file.includes.push(value);
    else if (pool === null) continue;
    else if (key === 'pm.status_path') pool.statusPath = value;
    // An address of its own for the state takes no worker away from requests.
    else if (key === 'pm.status_listen') pool.listen = value;
    else if (key === 'listen') pool.listen ??= value;
  }
  return file;
}
