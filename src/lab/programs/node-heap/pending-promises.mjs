/** Answers of another service that never come: what waits for them is kept. */
import { serve } from './program.mjs';

const waiting = new Map();

function ask(id) {
  return new Promise((resolve) => waiting.set(id, resolve));
}

async function handleOrder(id) {
  const order = { id, lines: [`line of ${id}`] };
  order.answer = await ask(id);
}

await serve((id) => void handleOrder(id));
