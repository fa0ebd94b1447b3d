/**
 * Masks what looks like a secret in the arguments of a process: they are readable for every account,
 * but stanch shows and keeps them longer and further than the kernel does.
 * Every pattern is linear in the length of an argument.
 */
const mask = '***';

const secretName =
  /(?:pass(?:w(?:or)?d|phrase|code)?|pwd|secret|token|api[-_]?key|apikey|access[-_]?key|private[-_]?key|auth(?:orization)?|credentials?|cookie|session[-_]?id|bearer|jwt|dsn|licen[sc]e[-_]?key|encryption[-_]?key|signing[-_]?key|passwort)$/i;
/** Names that end like a secret and hold none. */
const harmlessName = /(?:no[-_]?pass(?:word)?|password[-_]?file|token[-_]?file|secret[-_]?file|pass[-_]?file|keyfile)$/i;

/** Programs whose short option carries a password, attached or as the next argument. */
const shortOptions: readonly { program: RegExp; attached?: RegExp; next?: RegExp; nextHasUser?: boolean }[] = [
  { program: /^(?:mysql|mariadb|mysqld|myisam|mytop|xtrabackup|mariabackup|percona)[\w-]*$/, attached: /^-p(?=.)/ },
  { program: /^(?:sshpass)$/, attached: /^-p(?=.)/, next: /^-p$/ },
  { program: /^(?:redis-cli|valkey-cli|keydb-cli)$/, next: /^-a$/ },
  {
    program: /^(?:mongo|mongosh|mongodump|mongorestore|mongoexport|mongoimport|rabbitmqadmin|ipmitool|smbclient|openssl)$/,
    attached: /^-p(?=.)/,
    next: /^(?:-p|-P|-passin|-passout)$/,
  },
  { program: /^(?:mosquitto_pub|mosquitto_sub|zip|unzip)$/, next: /^-P$/ },
  { program: /^(?:7z|7za|7zr|rar|unrar)$/, attached: /^-p(?=.)/ },
  { program: /^(?:ldapsearch|ldapmodify|ldapadd|ldapdelete|ldappasswd|ldapwhoami)$/, attached: /^-w(?=.)/, next: /^-w$/ },
  { program: /^(?:curl|wget)$/, attached: /^-u(?=.)/, next: /^(?:-u|--user|-U|--proxy-user)$/, nextHasUser: true },
];

/** The same number of arguments, secrets replaced by `***`. */
export function maskSecrets(argv: readonly string[]): string[] {
  const masked: string[] = [];
  let hideNext = false;
  const program = programOf(argv[0] ?? '');
  const short = shortOptions.filter((option) => option.program.test(program));
  for (const [index, argument] of argv.entries()) {
    if (hideNext) {
      hideNext = false;
      // `--password --verbose`: the option was a switch.
      masked.push(argument.startsWith('--') ? maskArgument(argument) : mask);
      continue;
    }
    const attached = index > 0 ? short.find((option) => option.attached?.test(argument)) : undefined;
    if (attached !== undefined && !argument.startsWith('--')) {
      masked.push(attached.nextHasUser === true ? argument.replace(/:.*$/s, `:${mask}`) : `${argument.slice(0, 2)}${mask}`);
      continue;
    }
    hideNext = index > 0 && (short.some((option) => option.next?.test(argument)) || namesASecret(argument));
    masked.push(argument.includes(' ') ? maskSentence(argument) : maskArgument(argument));
  }
  return masked;
}

/** `--password`, `-passwd`: the secret is the next argument. */
function namesASecret(argument: string): boolean {
  const match = /^--?([\w.-]{2,64})$/.exec(argument);
  return match?.[1] !== undefined && secretName.test(match[1]) && !harmlessName.test(match[1]);
}

/** A word of a shell line, blanks inside quotes included. */
const quotedWord = /(?:'[^']*'|"[^"]*"|[^\s'"]|['"])+/g;

/** A title or a line for a shell in one argument: its words are arguments themselves. */
function maskSentence(argument: string): string {
  const words = argument.match(quotedWord) ?? [];
  const blanks = argument.split(quotedWord);
  // `sh -c 'mysql -pX'`: any word may be the program of the ones behind it.
  const masked: string[] = [];
  let start = 0;
  for (let index = 1; index <= words.length; index += 1) {
    const word = words[index];
    const startsProgram = word !== undefined && shortOptions.some((option) => option.program.test(programOf(word)));
    if (!startsProgram && index < words.length) continue;
    masked.push(...maskWords(words.slice(start, index)));
    start = index;
  }
  return blanks.map((blank, index) => `${blank}${masked[index] ?? ''}`).join('');
}

function maskWords(words: readonly string[]): string[] {
  const [first, ...rest] = maskSecrets(words);
  return first === undefined ? [] : [maskArgument(first), ...rest];
}

function maskArgument(argument: string): string {
  return maskHeader(maskKnownTokens(maskUrls(maskAssignments(argument))));
}

/** `--password=x`, `PGPASSWORD=x`, `-Dspring.datasource.password=x`, `?token=x&…`, `"secret":"x"`. */
function maskAssignments(argument: string): string {
  const whole = /^-{0,2}([\w.-]{1,80})=./.exec(argument);
  if (whole?.[1] !== undefined && secretName.test(whole[1]) && !harmlessName.test(whole[1])) {
    return `${argument.slice(0, argument.indexOf('='))}=${mask}`;
  }
  return argument.replace(
    /(["']?)([\w.-]{1,80})\1(=|:(?!\/\/))(\s*)("[^"]*"?|'[^']*'?|[^\s&;,"'}]+)/g,
    (found, quote: string, name: string, sign: string, blank: string, value: string) => {
      const bare = name.replace(/^-+/, '');
      if (!secretName.test(bare) || harmlessName.test(bare)) return found;
      if (sign === ':' && value.startsWith('/')) return found;
      return `${quote}${name}${quote}${sign}${blank}${mask}`;
    },
  );
}

/** `scheme://user:secret@host` */
function maskUrls(argument: string): string {
  return argument.replace(/([a-z][a-z0-9+.-]{0,30}:\/\/[^\s:@/]{0,256}):([^\s@/]{1,1024})@/gi, `$1:${mask}@`);
}

/** `Authorization: Bearer x` and `Basic x` */
function maskHeader(argument: string): string {
  return argument.replace(/\b(Bearer|Basic|Digest)(\s+)(?!\*)[\w.~+/=-]{6,}/gi, `$1$2${mask}`);
}

/** Secrets that can be told by their form. */
function maskKnownTokens(argument: string): string {
  return argument.replace(
    /\b(?:eyJ[\w-]{8,}\.[\w-]{8,}(?:\.[\w-]+)?|gh[pousr]_\w{16,}|github_pat_\w{16,}|glpat-[\w-]{16,}|xox[abprs]-[\w-]{10,}|sk-[\w-]{16,}|sk_(?:live|test)_\w{10,}|(?:AKIA|ASIA)[A-Z0-9]{16}|AIza[\w-]{30,}|npm_\w{30,}|hvs\.[\w-]{20,})/g,
    mask,
  );
}

function programOf(argv0: string): string {
  return argv0.slice(argv0.lastIndexOf('/') + 1);
}
