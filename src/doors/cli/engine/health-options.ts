import { Fault } from '#base/fault.ts';
import { parseDuration } from '#base/units.ts';
import { HEALTH_ACTIONS, type HealthAction, type HealthCheck } from '#engine/container/health-check.ts';
import type { Flags, FlagTable } from '#doors/cli/flags.ts';

const TIMES = {
  'health-interval': { field: 'interval', does: 'Time between checks (30s)' },
  'health-timeout': { field: 'timeout', does: 'Longest time for one check (30s)' },
  'health-start-period': { field: 'startPeriod', does: 'Time from the start in which failures do not count (0s)' },
  'health-start-interval': { field: 'startInterval', does: 'Time between checks in the start period (5s)' },
} as const;

/** How the health of a container is looked at: docker's options and podman's `--health-on-failure`. */
export const HEALTH_FLAGS: FlagTable = {
  'health-cmd': { kind: 'text', value: 'COMMAND', does: 'Check its health with this, run by a shell inside' },
  ...Object.fromEntries(
    Object.entries(TIMES).map(([name, { does }]) => [name, { kind: 'text' as const, value: 'DURATION', does }]),
  ),
  'health-on-failure': {
    kind: 'text',
    value: 'ACTION',
    does: `What is done when it becomes unhealthy: ${HEALTH_ACTIONS.join(', ')} (the first is the default)`,
  },
  'health-retries': { kind: 'text', value: 'NUMBER', does: 'Failures in a row that make it unhealthy (3)' },
  'no-healthcheck': { kind: 'switch', does: "No checks, whatever the image's HEALTHCHECK says" },
};

export function healthWish(flags: Flags): { health?: HealthCheck; healthAction?: HealthAction } {
  const check = checkWish(flags);
  const action = flags.text('health-on-failure') || 'none';
  const known = HEALTH_ACTIONS.find((one) => one === action);
  if (known === undefined) {
    throw new Fault('invalid', `read --health-on-failure: "${action}" is none of ${HEALTH_ACTIONS.join(', ')}`, {
      field: '--health-on-failure',
    });
  }
  if (flags.on('no-healthcheck')) {
    if (Object.keys(check).length > 0 || known !== 'none')
      throw new Fault('invalid', '--no-healthcheck conflicts with --health-* options', { field: '--no-healthcheck' });
    return { health: { test: ['NONE'] } };
  }
  return {
    ...(Object.keys(check).length === 0 ? {} : { health: check }),
    ...(known === 'none' ? {} : { healthAction: known }),
  };
}

function checkWish(flags: Flags): HealthCheck {
  const command = flags.text('health-cmd') ?? '';
  const times = Object.entries(TIMES).map(([name, { field }]) => [field, readTime(flags.text(name), `--${name}`)]);
  const retries = readRetries(flags.text('health-retries'));
  return {
    ...(command === '' ? {} : { test: commandOf(command) }),
    ...Object.fromEntries(times.filter(([, value]) => value !== undefined)),
    ...(retries === undefined ? {} : { retries }),
  };
}

/** A line for the shell; a JSON list of texts, as podman takes it, is an argument vector. */
function commandOf(text: string): string[] {
  if (!/^\s*\[\s*"/.test(text)) return ['CMD-SHELL', text];
  try {
    const list = JSON.parse(text) as unknown;
    if (Array.isArray(list) && list.every((item) => typeof item === 'string')) {
      return list[0] === 'CMD' || list[0] === 'CMD-SHELL' || list[0] === 'NONE' ? list : ['CMD', ...list];
    }
  } catch {
    // A shell's own test, then.
  }
  return ['CMD-SHELL', text];
}

/** Milliseconds. 0 is docker's "not said"; `disable` is podman's word for no checks of its own accord. */
function readTime(text: string | undefined, field: string): number | undefined {
  if (text === undefined) return undefined;
  if (text === 'disable' && field === '--health-interval') return 0;
  const bare = text.replace(/^-/, '');
  const value = bare === '0' ? 0 : parseDuration(bare);
  if (value === undefined) {
    throw new Fault('invalid', `read ${field}: "${text}" is not a length of time`, {
      field,
      hint: 'Write it as 90s, 1m30s or 500ms.',
    });
  }
  if (text.startsWith('-')) throw new Fault('invalid', `read ${field}: it cannot be negative`, { field });
  return value === 0 ? undefined : value;
}

function readRetries(text: string | undefined): number | undefined {
  if (text === undefined || text === '0') return undefined;
  if (/^\d{1,9}$/.test(text)) return Number(text);
  const why = /^-\d+$/.test(text) ? 'it cannot be negative' : `"${text}" is not a whole number`;
  throw new Fault('invalid', `read --health-retries: ${why}`, { field: '--health-retries' });
}
