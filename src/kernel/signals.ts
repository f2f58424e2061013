import { constants } from 'node:os';
import { Fault } from '#base/fault.ts';

const REAL_TIME_FIRST = 34;
const REAL_TIME_LAST = 64;

/** `KILL`, `sigkill`, `SIGRTMIN+3` or `9` as a number. Throws `invalid` for anything that is no signal. */
export function signalNumber(text: string): number {
  if (/^\d+$/.test(text)) {
    const number = Number(text);
    if (number >= 1 && number <= REAL_TIME_LAST) return number;
  }
  const name = text.toUpperCase().replace(/^SIG/, '');
  const plain = (constants.signals as Record<string, number | undefined>)[`SIG${name}`];
  if (plain !== undefined) return plain;
  const realTime = /^RT(MIN|MAX)(?:([+-])(\d+))?$/.exec(name);
  if (realTime !== null) {
    const base = realTime[1] === 'MIN' ? REAL_TIME_FIRST : REAL_TIME_LAST;
    const number = base + Number(`${realTime[2] ?? '+'}${realTime[3] ?? '0'}`);
    if (number >= REAL_TIME_FIRST && number <= REAL_TIME_LAST) return number;
  }
  throw new Fault('invalid', `unknown signal "${text}"`, { field: 'signal' });
}
