/** Leaks that come in jumps: by chance, by the clock, by request, by deploy. */
import { autoregressive, integral, jumps, wobble } from './components.ts';
import { dailyLoad } from './load.ts';
import { leakOf, type Pattern, type Scenario, type World } from './pattern.ts';
import { course } from './worlds.ts';

function randomSteps(world: World, perHour: number, sigma: number): Scenario {
  const { rng, base } = world;
  const { wall, rate } = course(world);
  const load = dailyLoad(rng);
  const lost = jumps(rng, perHour, () => rng.logNormal(rate / perHour, sigma));
  const noise = wobble(rng, base);
  return { wall, slopePerHour: rate, model: (t, dt) => ({ value: base + lost(t, dt) + noise(t, dt), load: load(t, dt) }) };
}

function dailyCron(world: World): Scenario {
  const { rng, base } = world;
  const { wall, rate } = course(world);
  const load = dailyLoad(rng);
  const hour = rng.uniform(0, 24);
  const noise = wobble(rng, base);
  const model = (t: number, dt: number) => ({
    value: base + 24 * rate * Math.floor((t + 24 - hour) / 24) + noise(t, dt),
    load: load(t, dt),
  });
  return { wall, slopePerHour: rate, model };
}

function businessHours(world: World): Scenario {
  const { rng, base } = world;
  const { wall, rate } = course(world);
  const load = dailyLoad(rng);
  const isOpen = (t: number) => Math.floor(t / 24) % 7 < 5 && t % 24 > 9 && t % 24 < 17;
  const leaked = integral((t) => (isOpen(t) ? rate * (168 / 40) : 0));
  const noise = wobble(rng, base);
  const model = (t: number, dt: number) => {
    const work = load(t, dt);
    return { value: base + 0.1 * base * work + leaked(t, dt) + noise(t, dt), load: work };
  };
  return { wall: wall + 0.1 * base, slopePerHour: rate, model };
}

function intermittent(world: World): Scenario {
  const { rng, base } = world;
  const { wall, rate } = course(world);
  const load = dailyLoad(rng);
  const mood = autoregressive(rng, 0.995, 1);
  const leaked = integral((t, dt) => (mood(t, dt) > 0 ? 2 * rate : 0));
  const noise = wobble(rng, base);
  return { wall, model: (t, dt) => ({ value: base + leaked(t, dt) + noise(t, dt), load: load(t, dt) }) };
}

/** Each deploy leaves something behind that its restart does not give back: a cache in shared state, a growing start-up set. */
function perDeployStep(world: World): Scenario {
  const { rng, base } = world;
  const { wall, rate } = course(world);
  const load = dailyLoad(rng);
  const everyH = rng.uniform(30, 72);
  const step = (rate * everyH) / 0.3;
  const noise = wobble(rng, base);
  let generation = 0;
  let next = rng.exponential(everyH);
  let kept = 0;
  const model = (t: number, dt: number) => {
    while (t >= next) {
      next += rng.exponential(everyH);
      generation += 1;
      // 70 % of the growth since the last deploy is given back by the restart.
      kept += 0.3 * step;
    }
    const age = Math.min(1, (everyH - Math.min(everyH, next - t)) / everyH);
    return { value: base + kept + 0.7 * step * age + noise(t, dt), load: load(t, dt), generation };
  };
  return { wall: wall + step, model, showStart: true };
}

/** Leaks and is restarted every `period` hours, so that no single life shows it for long. */
function restartMasked(world: World): Scenario {
  const { rng, base } = world;
  const load = dailyLoad(rng);
  const period = rng.uniform(18, 60);
  const height = base * rng.uniform(1, 2.5);
  const noise = wobble(rng, base);
  const model = (t: number, dt: number) => {
    const age = t % period;
    const value = base * (1 - 0.4 * Math.exp(-2 * age)) + (height * age) / period + noise(t, dt);
    return { value, load: load(t, dt), generation: Math.floor(t / period) };
  };
  return { model, slopePerHour: height / period, showStart: true };
}

export const leakBursty: Pattern[] = [
  leakOf('P06-random-steps', (world) => randomSteps(world, 1 / world.rng.uniform(3, 10), 0.8)),
  leakOf('P07-daily-cron', dailyCron),
  leakOf('P08-rare-request', (world) => randomSteps(world, 1 / world.rng.uniform(14, 30), 0.5)),
  leakOf('P11-restart-masked', restartMasked, { expected: ['restart-masked-leak', 'leak'] }),
  leakOf('P18-business-hours', businessHours),
  leakOf('P20-intermittent', intermittent),
  leakOf('P21-per-deploy-step', perDeployStep, { expected: ['restart-masked-leak', 'leak'] }),
];
