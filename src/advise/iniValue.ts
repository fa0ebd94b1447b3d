/** One value in a file of `key = value` lines with sections: read, and set without touching anything else. Pure. */

/** The values of one section, the last of each; comments begin with `;` or `#`. `section` null: before the first heading. */
export function iniValues(text: string, section: string | null): Map<string, string> {
  const values = new Map<string, string>();
  for (const { in: found, name, value } of assignments(text)) if (found === section) values.set(name, value);
  return values;
}

/** In place of the value there is, or of the commented one, or at the end of the section. */
export function setIniValue(text: string, section: string, name: string, value: string): string {
  const lines = text.split('\n');
  const found = assignments(text)
    .filter((entry) => entry.in === section && entry.name === name)
    .at(-1);
  if (found !== undefined) return replaced(lines, found.line, `${name} = ${value}`);
  const [start, end] = sectionLines(lines, section);
  const commented = lines.findIndex(
    (line, index) => index >= start && index < end && new RegExp(`^\\s*;\\s*${escaped(name)}\\s*=`).test(line),
  );
  if (commented >= 0) return [...lines.slice(0, commented + 1), `${name} = ${value}`, ...lines.slice(commented + 1)].join('\n');
  let last = end;
  while (last > start && lines[last - 1]?.trim() === '') last -= 1;
  return [...lines.slice(0, last), `${name} = ${value}`, ...lines.slice(last)].join('\n');
}

interface Assignment {
  line: number;
  in: string | null;
  name: string;
  value: string;
}

function assignments(text: string): Assignment[] {
  const found: Assignment[] = [];
  let section: string | null = null;
  for (const [line, content] of text.split('\n').entries()) {
    const heading = headingOf(content);
    if (heading !== null) section = heading;
    const [, name, value] = /^\s*([A-Za-z][\w.]*(?:\[[\w.]+\])?)\s*=\s*(.*?)\s*(?:\s;.*)?$/.exec(content) ?? [];
    if (name !== undefined) found.push({ line, in: section, name, value: (value ?? '').replace(/^"(.*)"$/, '$1') });
  }
  return found;
}

function headingOf(line: string): string | null {
  return /^\s*\[([^\]]{1,200})\]/.exec(line)?.[1] ?? null;
}

function sectionLines(lines: readonly string[], section: string): [number, number] {
  const heading = lines.findIndex((line) => headingOf(line) === section);
  const next = lines.findIndex((line, index) => index > heading && headingOf(line) !== null);
  return [heading + 1, next < 0 ? lines.length : next];
}

function replaced(lines: readonly string[], at: number, line: string): string {
  return lines.map((content, index) => (index === at ? line : content)).join('\n');
}

function escaped(name: string): string {
  return name.replace(/[.[\]]/g, '\\$&');
}
