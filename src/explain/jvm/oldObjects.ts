/**
 * What old-object samples say: for each class that was sampled and is still alive, the calls that allocated it, and who holds it.
 * https://docs.oracle.com/en/java/javase/17/troubleshoot/diagnostic-tools.html (The jdk.OldObjectSample event). Pure.
 */
import { FlightRecording, type JfrValue } from './flightRecording.ts';

const event = 'jdk.OldObjectSample';
const mostSteps = 30;

export interface OldObjects {
  /** As the source has it: `shop.Sessions$Session`, `byte[]`. */
  type: string;
  samples: number;
  /** `shop.Sessions.open:31`, from the innermost. */
  calls: string[];
  /** From the root down to them. */
  path: string[];
}

/** Most sampled first. Errors: STANCH_E_NOT_POSSIBLE. */
export function oldObjectsOf(bytes: Buffer): OldObjects[] {
  const recording = new FlightRecording(bytes, event);
  const groups = new Map<string, OldObjects>();
  for (const fields of recording.events()) {
    const object = fields.get('object');
    const type = classNameOf(recording, recording.at(object, 'type'));
    if (type === null) continue;
    const calls = callsOf(recording, fields.get('stackTrace'));
    const key = `${type} ${calls.find((call) => !isOfJdk(call)) ?? calls[0]}`;
    const known = groups.get(key);
    if (known === undefined) groups.set(key, { type, samples: 1, calls, path: pathOf(recording, object, fields.get('root')) });
    else {
      known.samples += 1;
      if (known.path.length === 0) known.path = pathOf(recording, object, fields.get('root'));
    }
  }
  return [...groups.values()].sort((a, b) => b.samples - a.samples);
}

function callsOf(recording: FlightRecording, stack: JfrValue | undefined): string[] {
  const frames = recording.at(stack, 'frames');
  if (!Array.isArray(frames)) return [];
  return frames.slice(0, 64).flatMap((frame) => {
    const type = classNameOf(recording, recording.at(frame, 'method.type'));
    const name = recording.at(frame, 'method.name.string');
    const line = recording.at(frame, 'lineNumber');
    return type === null || typeof name !== 'string'
      ? []
      : [`${type}.${name}${typeof line === 'number' && line > 0 && line < 2 ** 31 ? `:${line}` : ''}`];
  });
}

export function isOfJdk(call: string): boolean {
  return /^(?:java|javax|jdk|sun|com\.sun)\./.test(call);
}

/** `[Ljava/lang/String;` → `java.lang.String[]`. */
function classNameOf(recording: FlightRecording, type: JfrValue): string | null {
  const name = recording.at(type, 'name.string');
  if (typeof name !== 'string' || name === '') return null;
  const dimensions = /^\[*/.exec(name)?.[0].length ?? 0;
  const inner = name.slice(dimensions);
  const base = dimensions === 0 ? inner : (primitives.get(inner) ?? inner.replace(/^L|;$/g, ''));
  return base.replaceAll('/', '.') + '[]'.repeat(Math.min(dimensions, 8));
}

const primitives = new Map([
  ['B', 'byte'],
  ['C', 'char'],
  ['D', 'double'],
  ['F', 'float'],
  ['I', 'int'],
  ['J', 'long'],
  ['S', 'short'],
  ['Z', 'boolean'],
]);

function pathOf(recording: FlightRecording, object: JfrValue | undefined, root: JfrValue | undefined): string[] {
  const path: string[] = [];
  let at = recording.resolve(object);
  for (let step = 0; step < mostSteps; step += 1) {
    const type = classNameOf(recording, recording.at(at, 'type'));
    if (type === null) break;
    const referrer = recording.at(at, 'referrer');
    const holder = recording.at(referrer, 'object');
    const field = recording.at(referrer, 'field.name');
    path.unshift(typeof field === 'string' ? `${field}: ${type}` : recording.at(referrer, 'array') === null ? type : `[]: ${type}`);
    if (holder === null) break;
    at = holder;
  }
  const system = recording.at(root, 'system.system');
  if (path.length > 1 && typeof system === 'string') path.unshift(system);
  return path;
}
