/** Leaks whose rate changes: accelerating, or starting late. */
import { wobble } from './components.ts';
import { dailyLoad } from './load.ts';
import { leakOf, type Pattern, type Scenario, type World } from './pattern.ts';
import { course } from './worlds.ts';

function accelerating(world: World): Scenario {
  const { rng, base } = world;
  const { wall, tteH } = course(world);
  const load = dailyLoad(rng);
  const noise = wobble(rng, base);
  return { wall, model: (t, dt) => ({ value: base + (wall - base) * (t / tteH) ** 2 + noise(t, dt), load: load(t, dt) }) };
}

function lateOnset(world: World): Scenario {
  const { rng, base, spanH } = world;
  const { wall, tteH } = course(world);
  const load = dailyLoad(rng);
  const onsetH = rng.uniform(0.2, 0.5) * spanH;
  const rate = (wall - base) / Math.min(tteH, spanH - onsetH + 200);
  const noise = wobble(rng, base);
  const model = (t: number, dt: number) => ({ value: base + rate * Math.max(0, t - onsetH) + noise(t, dt), load: load(t, dt) });
  return { wall, onsetH, slopePerHour: rate, model };
}

export const leakCurved: Pattern[] = [leakOf('P09-accelerating', accelerating), leakOf('P10-late-onset', lateOnset)];
