import { errnoNameKind } from '#kernel/failure.ts';
import type { Explanation } from './exec-failure.ts';

/** `hooks.createRuntime[1] (/path): exit status 1: the last that it printed`. */
export function explainHook(place: string, errno: string, path: string, detail: string): Explanation {
  const what = `run ${place} (${path})`;
  if (errno === 'ETIMEDOUT') {
    const [line, printed] = parts(detail);
    const seconds = line.replace('timeout ', '');
    return { kind: 'unavailable', sentence: `${what}: killed after its timeout of ${seconds} s${printed}` };
  }
  if (errno === 'ECHILD' && detail !== '') {
    const [how, printed] = parts(detail);
    return { kind: 'internal', sentence: `${what}: ${how}${printed}` };
  }
  if (errno === 'ESRCH') return { kind: 'conflict', sentence: `${what}: the container has ended` };
  return { kind: errnoNameKind(errno), sentence: `${what}: ${errno}` };
}

/** The first line, and what was printed in the form that it follows it. */
function parts(detail: string): [string, string] {
  const end = detail.indexOf('\n');
  const printed = detail.slice(end + 1).trim();
  return [detail.slice(0, end), printed === '' ? '' : `: ${printed}`];
}
