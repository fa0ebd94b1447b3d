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
interface ShortOption {
  program: RegExp;
  attached?: RegExp;
  next?: RegExp;
  /** `user:secret`: the user may be seen. */
  userFirst?: boolean;
}

const shortOptions: readonly ShortOption[] = [
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
  { program: /^(?:curl|wget)$/, attached: /^-u(?=.)/, next: /^(?:-u|--user|-U|--proxy-user)$/, userFirst: true },
];

/** How deep a shell line may stand in another one (`sh -c "ssh host 'mysql -pX'"`). */
const maxDepth = 4;

/** The same number of arguments, secrets replaced by `***`. */
export function maskSecrets(argv: readonly string[]): string[] {
  return maskWords(argv, 0);
}

type Next = 'show' | 'hide' | 'hide-after-colon';

function maskWords(argv: readonly string[], depth: number): string[] {
  const program = programOf(argv[0] ?? '');
  const short = shortOptions.filter((option) => option.program.test(program));
  const masked: string[] = [];
  let next: Next = 'show';
  for (const [index, argument] of argv.entries()) {
    const hide = next;
    next = 'show';
    // `--password --verbose`: the option was a switch.
    if (hide !== 'show' && !argument.startsWith('--')) {
      masked.push(hide === 'hide' ? mask : maskAfterColon(argument));
      continue;
    }
    const attached = index > 0 && !argument.startsWith('--') ? short.find((option) => option.attached?.test(argument)) : undefined;
    if (attached !== undefined) {
      masked.push(attached.userFirst === true ? maskAfterColon(argument) : `${argument.slice(0, 2)}${mask}`);
      continue;
    }
    if (index > 0) next = whatFollows(argument, short);
    masked.push(maskArgument(argument, depth));
  }
  return masked;
}

function whatFollows(argument: string, short: readonly ShortOption[]): Next {
  const option = short.find((candidate) => candidate.next?.test(argument));
  if (option !== undefined) return option.userFirst === true ? 'hide-after-colon' : 'hide';
  const name = /^--?([\w.-]{2,64})$/.exec(argument)?.[1];
  return name !== undefined && isSecretName(name) ? 'hide' : 'show';
}

function isSecretName(name: string): boolean {
  return secretName.test(name) && !harmlessName.test(name);
}

function maskAfterColon(argument: string): string {
  const colon = argument.indexOf(':');
  return colon < 0 ? argument : `${argument.slice(0, colon)}:${mask}`;
}

function maskArgument(argument: string, depth: number): string {
  const assigned = /^["']?-{0,2}([\w.-]{1,80})=./s.exec(argument)?.[1];
  if (assigned !== undefined && isSecretName(assigned)) return `${argument.slice(0, argument.indexOf('='))}=${mask}`;
  const words = depth < maxDepth && /\s/.test(argument) ? maskSentence(argument, depth + 1) : argument;
  return maskHeaders(maskKnownTokens(maskUrls(maskAssignments(words))));
}

/** A word of a shell line, blanks inside quotes included. */
const quotedWord = /(?:'[^']*'|"[^"]*"|[^\s'"]|['"])+/g;

/** A title or a line for a shell in one argument: its words are arguments themselves, and any may be a program. */
function maskSentence(argument: string, depth: number): string {
  const quote = /^(["'])(.*)\1$/s.exec(argument);
  if (quote?.[1] !== undefined && quote[2] !== undefined) return `${quote[1]}${maskSentence(quote[2], depth + 1)}${quote[1]}`;
  const words = argument.match(quotedWord) ?? [];
  const masked: string[] = [];
  let start = 0;
  for (let index = 1; index <= words.length; index += 1) {
    const word = words[index];
    const startsProgram = word !== undefined && shortOptions.some((option) => option.program.test(programOf(word)));
    if (!startsProgram && index < words.length) continue;
    masked.push(...maskWords(words.slice(start, index), depth));
    start = index;
  }
  const blanks = argument.split(quotedWord);
  return blanks.map((blank, index) => `${blank}${masked[index] ?? ''}`).join('');
}

const valuePattern = /"[^"]*"?|'[^']*'?|[^\s&;,"'}]+/y;

/** `-Dspring.datasource.password=x`, `?token=x&…`, `{"secret": "x"}` anywhere in an argument. */
function maskAssignments(argument: string): string {
  let masked = '';
  let shownTo = 0;
  for (const match of argument.matchAll(/([\w.-]{1,80})["']?(?:=|:(?!\/\/))[ \t]{0,8}/g)) {
    const name = match[1] ?? '';
    const valueStart = match.index + match[0].length;
    if (match.index < shownTo || !isSecretName(name)) continue;
    valuePattern.lastIndex = valueStart;
    const value = valuePattern.exec(argument)?.[0] ?? '';
    // `Authorization: Bearer x` is for maskHeaders.
    if (value === '' || /^(?:Bearer|Basic|Digest)$/i.test(value)) continue;
    masked += argument.slice(shownTo, valueStart) + mask;
    shownTo = valueStart + value.length;
  }
  return masked + argument.slice(shownTo);
}

/** `scheme://user:secret@host` */
function maskUrls(argument: string): string {
  return argument.replace(/([a-z][a-z0-9+.-]{0,30}:\/\/[^\s:@/]{0,256}):([^\s@/]{1,1024})@/gi, `$1:${mask}@`);
}

/** `Authorization: Bearer x` and `Basic x` */
function maskHeaders(argument: string): string {
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
