/**
 * The second means, for Java and only where the owner asks for it: old-object samples of the JVM's own flight recorder, which name the line that
 * allocates what grows, and who holds it. The memory is looked at three times as always; only when something grows, the recorder is on for a while. The
 * recording has an end of its own, so that it is over even when everything of stanch is ended.
 */
import { closeSync, constants, fchownSync, fstatSync, mkdirSync, openSync, readSync, rmdirSync, rmSync } from 'node:fs';
import { setTimeout as sleep } from 'node:timers/promises';
import { StanchError } from '../../model/errors.ts';
import { formatBytes } from '../../model/units.ts';
import { type Headroom, readHeadroom } from '../cost.ts';
import type { GrowingThing } from '../growingThing.ts';
import { askJvm, attachableJvm, giveTo, type JvmAddress, notPossible, wishOf } from './hotspotAttach.ts';
import { isOfJdk, type OldObjects, oldObjectsOf } from './oldObjects.ts';

const mostFileBytes = 64 << 20;
const spareMs = 120_000;
/** What the recorder takes in the JVM at most, as measured. */
const recorderBytes = 60 << 20;
const settings = `<?xml version="1.0" encoding="UTF-8"?>
<configuration version="2.0"><event name="jdk.OldObjectSample"><setting name="enabled">true</setting><setting name="stackTrace">true</setting><setting name="cutoff">0 ns</setting></event></configuration>
`;

export interface Sampled {
  things: GrowingThing[];
  notes: string[];
}

const recorderNeed = `it takes ${formatBytes(recorderBytes)}, and twice that has to be free`;

/** Errors: STANCH_E_BUDGET where it is not known that the JVM has room for the recorder below the limit of its cgroup. */
export function requireRecorderRoom(pid: number): void {
  const why = whyNoRecorderRoom(readHeadroom(recorderBytes, pid));
  if (why === null) return;
  throw new StanchError('STANCH_E_BUDGET', {
    expected: `room in the JVM for its flight recorder: ${recorderNeed}`,
    found: why,
    next: 'Its memory is read without any of that: stanch why PID',
  });
}

export function whyNoRecorderRoom(room: Headroom | null): string | null {
  if (room === null) return 'no word of the system on how much is free';
  return room.isEnough ? null : `${formatBytes(room.bytes)} (${room.wall})`;
}

/** After three looks: the same things with where they are allocated and by whom they are held. `name`: of the recording; hex digits. */
export async function addSamples(
  pid: number,
  things: readonly GrowingThing[],
  { name, intervalMs, says }: { name: string; intervalMs: number; says(text: string): void },
): Promise<Sampled> {
  const jvm = attachableJvm(pid);
  // It was there before the looks, which took their time.
  const noRoom = whyNoRecorderRoom(readHeadroom(recorderBytes, pid));
  if (noRoom !== null) return { things: [...things], notes: [`No flight recording was made: ${recorderNeed}; there is ${noRoom}.`] };
  says('sends SIGQUIT, which the JVM catches, and starts a flight recording of old objects');
  try {
    const dump = await record(jvm, name, intervalMs);
    const placedBy = (found: readonly OldObjects[]) => things.map((thing) => withSample(thing, found));
    // With the way to them it tells only of what a collection has seen.
    let placed = placedBy(await dump(true));
    if (placed[0] === things[0]) placed = placedBy(await dump(false));
    return { things: placed, notes: placed[0] === things[0] ? [costNote, noSamples] : [costNote] };
  } finally {
    await endRecording(pid, name);
  }
}

const costNote =
  'A flight recording of old objects was made for it, is over, and its file is removed. The recorder keeps some 40 MiB in the JVM.';
const noSamples =
  'No sample was of what grows most: one is taken where a thread gets new room to allocate in. Look over a longer time: --for 2m.';

async function record(jvm: JvmAddress, name: string, intervalMs: number): Promise<(hasPaths: boolean) => Promise<OldObjects[]>> {
  const { inside, outside } = placesOf(jvm, name);
  mkdirSync(outside, { mode: 0o700 });
  inFolder(outside, (folder, fd) => {
    giveTo(jvm, `${folder}/settings.jfc`, settings);
    fchownSync(fd, jvm.uid, jvm.gid);
  });
  const endsAfterS = Math.ceil((intervalMs + spareMs) / 1000);
  await askJvm(jvm, `JFR.start name=stanch-${name} settings=${inside}/settings.jfc disk=false duration=${endsAfterS}s`);
  await sleep(intervalMs);
  return async (hasPaths) => {
    await askJvm(jvm, `JFR.dump name=stanch-${name} filename=${inside}/old.jfr path-to-gc-roots=${hasPaths}`);
    return oldObjectsOf(inFolder(outside, (folder) => readRecording(`${folder}/old.jfr`)));
  };
}

function placesOf({ folder }: JvmAddress, name: string): { inside: string; outside: string } {
  return { inside: `/tmp/stanch-${name}`, outside: `${folder}/stanch-${name}` };
}

/** By the folder itself, once it is open: whoever owns the /tmp that it is in may put a link to another in its place. */
function inFolder<T>(path: string, use: (folder: string, fd: number) => T): T {
  const fd = openSync(path, constants.O_RDONLY | constants.O_DIRECTORY | constants.O_NOFOLLOW);
  try {
    return use(`/proc/self/fd/${fd}`, fd);
  } finally {
    closeSync(fd);
  }
}

/** Written by the process: what it is, is asked of what was opened. */
function readRecording(path: string): Buffer {
  const fd = openSync(path, constants.O_RDONLY | constants.O_NOFOLLOW | constants.O_NONBLOCK);
  try {
    const stats = fstatSync(fd);
    if (!stats.isFile() || stats.size > mostFileBytes) throw notPossible('a flight recording of at most 64 MiB', 'something else');
    const bytes = Buffer.alloc(stats.size);
    return bytes.subarray(0, readSync(fd, bytes, 0, bytes.length, 0));
  } finally {
    closeSync(fd);
  }
}

/** Whatever there is of it, also after it was ended by force. A JVM that is gone has none. */
export async function endRecording(pid: number, name: string): Promise<void> {
  try {
    const jvm = attachableJvm(pid);
    const { outside } = placesOf(jvm, name);
    rmSync(wishOf(jvm), { force: true });
    try {
      await askJvm(jvm, `JFR.stop name=stanch-${name}`);
    } finally {
      inFolder(outside, (folder) => {
        for (const file of ['settings.jfc', 'old.jfr']) rmSync(`${folder}/${file}`, { force: true });
      });
      rmdirSync(outside);
    }
  } catch (error) {
    // Already over, or never begun.
    if (!(error instanceof StanchError) && !isMissing(error)) throw error;
  }
}

function isMissing(error: unknown): boolean {
  return error instanceof Error && 'code' in error && error.code === 'ENOENT';
}

/** Of its class, or kept by one of its class, or allocated while one of its class is made. */
function withSample(thing: GrowingThing, found: readonly OldObjects[]): GrowingThing {
  const isOf = (step: string) => step.endsWith(`: ${thing.type}`);
  const siteOf = ({ calls }: OldObjects) => calls.find((call) => !isOfJdk(call) && !isMaking(call, thing.type));
  const placed = found.filter((each) => siteOf(each) !== undefined);
  const own =
    placed.find(({ type }) => type === thing.type) ??
    placed.find(({ path }) => path.some(isOf)) ??
    placed.find(({ calls }) => calls.some((call) => isMaking(call, thing.type)));
  if (own === undefined) return thing;
  const end = own.path.findIndex(isOf);
  const path = end < 0 ? own.path : own.path.slice(0, end + 1);
  return { ...thing, place: siteOf(own) ?? thing.place, path: path.length > 1 ? path : thing.path };
}

function isMaking(call: string, type: string): boolean {
  return call.startsWith(`${type}.<init>`);
}

export const samplesCostText =
  'Only when something grows: SIGQUIT, which the JVM catches, and its own flight recorder for half of that time again: 1 s of its CPU time to start, some per cent while it is on, 40 to 60 MiB of its memory, which it keeps, and a pause of up to 1.2 s when the samples are written, to a file in its /tmp that is removed.';
