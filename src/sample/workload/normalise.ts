/**
 * Takes out of an argument what differs from one start to the next: numbers, ports, hashes, temporary names, versions.
 * What tells two installations apart stays: `/srv/app1` is not `/srv/app2`.
 */
export function normaliseArgument(argument: string): string {
  if (wholeNumber.test(argument)) return /^[+-]/.test(argument) ? `${argument[0]}N` : 'N';
  return partialNumbers(temporaryNames(hashes(versions(argument))));
}

/** The name of a unit, a container or its kin: what was made up for one run of it becomes `*`, so that nobody takes it for the name. */
export function normaliseName(name: string): string {
  return hashes(name).replace(/\d{8,}/g, '*');
}

/** Alone, with a unit (`512m`, `30s`) or without. */
const wholeNumber = /^[+-]?(?:0x[0-9a-f]+|\d+(?:[.,]\d+)?(?:e[+-]?\d+)?)(?:[kmgt]i?b?|b|ms|us|ns|s|h|d|%)?$/i;

/** After `=` or `:`, or so long that it is a moment or a counter. */
function partialNumbers(text: string): string {
  return text.replace(/([=:,])\d+(?:\.\d+)*(?:[kmgt]i?b?|ms|s|h|d|%)?(?=$|[,;:/\s])/gi, '$1N').replace(/\d{6,}/g, 'N');
}

/** `app-1.2.3.jar`: a new version is the same workload. */
function versions(text: string): string {
  return text.replace(
    /-v?\d+(?:\.\d+)+(?:[-.+](?:\d+|SNAPSHOT|RELEASE|GA|Final|RC\d*|M\d+|alpha\d*|beta\d*))*(?=\.(?:jar|war|phar|dll)$)/gi,
    '-*',
  );
}

/** UUIDs, hex digests, and long runs of letters and digits mixed. */
function hashes(text: string): string {
  return text
    .replace(/[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}/gi, '*')
    .replace(/(?<![0-9a-z])(?=[a-f]*\d)(?=\d*[a-f])[0-9a-f]{8,}(?![0-9a-z])/gi, '*');
}

/** Below a folder for temporary files: what mktemp and its kin append. */
function temporaryNames(text: string): string {
  return text.replace(/(\/(?:tmp|var\/tmp|dev\/shm|run\/user\/\d+)\/)([^\s'"]{1,1024})/g, (_, root: string, rest: string) => {
    return root + rest.split('/').map(temporarySegment).join('/');
  });
}

/** `tmp.X8s9dKQ2`, `tmpab12cd34`, `build-a8Fk2Q`, `12345` */
function temporarySegment(segment: string): string {
  if (/^\d+$/.test(segment)) return '*';
  return segment
    .replace(/^tmp[._-]?\w{6,12}$/, 'tmp*')
    .replace(/([-._])(?=[a-z]*[A-Z0-9])(?=\w*[a-zA-Z])(?!(?:v\d))\w{6,12}$/, '$1*')
    .replace(/([-._])\d+$/, '$1*');
}
