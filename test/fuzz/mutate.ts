/** Changes to JSON that a program would not make, from a seed. */
import type { Random } from '#test/seccomp/profiles.ts';

type Json = unknown;
type Holder = Record<string, Json>;

const WORDS = ['', '/', '..', '../../etc', '/proc/self/exe', '\0', 'a\0b', '\uD800', '💥', '__proto__', 'constructor'];
const NUMBERS = [-1, 0, 1, 0.5, -0, 2 ** 31, 2 ** 32, 2 ** 53, 2 ** 63, 2 ** 64, 1e308, -1e308];

/** What nobody expects in that place. */
function hostile(random: Random): Json {
  const long = 'x'.repeat(1 << random(17));
  const choices: (() => Json)[] = [
    () => null,
    () => random(2) === 0,
    () => NUMBERS[random(NUMBERS.length)],
    () => WORDS[random(WORDS.length)],
    () => long,
    () => [],
    () => ({}),
    () => Array.from({ length: random(3000) }, () => WORDS[random(WORDS.length)]),
    () => deep(random(2000)),
    () => ({ [WORDS[random(WORDS.length)] ?? '']: 1, toString: 1, length: -1 }),
  ];
  return choices[random(choices.length)]?.();
}

function deep(levels: number): Json {
  let inner: Json = 0;
  for (let level = 0; level < levels; level++) inner = [inner];
  return inner;
}

/** Every place in the tree, as an object and its key. */
function places(value: Json, found: [Holder, string][] = [], depth = 0): [Holder, string][] {
  if (typeof value !== 'object' || value === null || depth > 12) return found;
  for (const key of Object.keys(value)) {
    found.push([value as Holder, key]);
    places((value as Holder)[key], found, depth + 1);
  }
  return found;
}

/** A copy with a few places changed: taken away, replaced, doubled, or swapped. */
export function mutated(value: Json, random: Random): Json {
  const copy = structuredClone(value);
  for (let left = 1 + random(4); left > 0; left--) {
    const all = places(copy);
    const place = all[random(all.length || 1)];
    const other = all[random(all.length || 1)];
    if (place !== undefined && other !== undefined) change(place, other, random);
  }
  return copy;
}

function change([holder, key]: [Holder, string], [elsewhere, there]: [Holder, string], random: Random): void {
  const value = holder[key];
  switch (random(5)) {
    case 0:
      if (Array.isArray(holder)) holder.splice(Number(key), 1);
      else delete holder[key];
      break;
    case 1:
      holder[key] = hostile(random);
      break;
    case 2:
      if (Array.isArray(value)) value.push(...structuredClone(value));
      else if (typeof value === 'string') holder[key] = value + value;
      else if (typeof value === 'number') holder[key] = value * (random(2) === 0 ? -1 : 4096);
      break;
    case 3:
      holder[key] = structuredClone(elsewhere[there]);
      break;
    default:
      if (typeof value === 'string') holder[key] = spoiled(value, random);
      else holder[key] = hostile(random);
  }
}

function spoiled(text: string, random: Random): string {
  const at = random(text.length + 1);
  return text.slice(0, at) + String.fromCharCode(random(256)) + text.slice(at + random(2));
}

/** The text with a few bytes cut, changed or repeated. */
export function damaged(text: string, random: Random): string {
  const at = random(text.length + 1);
  const choices = [
    text.slice(0, at),
    text.slice(0, at) + String.fromCharCode(random(65536)) + text.slice(at + 1),
    text.slice(0, at) + text.slice(at + random(20)),
    text.slice(0, at) + text.slice(Math.max(0, at - random(200)), at) + text.slice(at),
  ];
  return choices[random(choices.length)] ?? '';
}
