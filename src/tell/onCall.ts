/** Whether somebody is on call. Pure. */
import type { OnCallHours } from '../model/settings.ts';

export function isOnCall(hours: OnCallHours | null, nowMs: number): boolean {
  if (hours === null) return true;
  const now = new Date(nowMs);
  const minute = now.getHours() * 60 + now.getMinutes();
  const today = now.getDay();
  const { days, fromMinute, toMinute } = hours;
  if (fromMinute < toMinute) return days.includes(today) && minute >= fromMinute && minute < toMinute;
  // Over midnight: the night belongs to the day on which it begins.
  return (days.includes(today) && minute >= fromMinute) || (days.includes((today + 6) % 7) && minute < toMinute);
}
