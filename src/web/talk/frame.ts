/**
 * Answers come one by one, and each would have its view drawn anew: what came since the last frame is taken over in the next, at once.
 * Not what people do: the next key may be there before the next frame.
 */
const arrived: (() => void)[] = [];

export function inNextFrame(takeOver: () => void): void {
  if (arrived.length === 0) requestAnimationFrame(takeOverAll);
  arrived.push(takeOver);
}

function takeOverAll(): void {
  for (const takeOver of arrived.splice(0)) takeOver();
}
