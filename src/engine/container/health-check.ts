import { Fault } from '#base/fault.ts';
import type { ImageHealthcheck } from '#store/image/health-check.ts';
import type { ImageConfig } from '#store/image/config.ts';

/** How a container's health is looked at; times in milliseconds. What is left out is the image's, or the default. */
export interface HealthCheck {
  /** `NONE`; `CMD` and an argument vector; `CMD-SHELL` and a line for a shell. */
  test?: readonly string[];
  /** 0: only when it is asked for. */
  interval?: number;
  timeout?: number;
  /** For so long failures do not count, unless it has been healthy before. */
  startPeriod?: number;
  /** Between checks during that. */
  startInterval?: number;
  /** So many failures in a row make it unhealthy. */
  retries?: number;
}

/** What is done to a container that has become unhealthy. */
export const HEALTH_ACTIONS = ['none', 'kill', 'restart', 'stop'] as const;
export type HealthAction = (typeof HEALTH_ACTIONS)[number];

const NANOSECONDS = 1e6;
const DEFAULTS = { interval: 30_000, timeout: 30_000, startPeriod: 0, startInterval: 5000, retries: 3 };
/** The shortest time that docker takes for one. */
const SHORTEST = 1;

/** The container's own wish over the image's; undefined when neither has one. Throws `invalid`. */
function mergeHealth(own: HealthCheck | undefined, image: ImageConfig): HealthCheck | undefined {
  const merged = { ...(image.Healthcheck === undefined ? {} : fromImage(image.Healthcheck)), ...own };
  if (Object.keys(merged).length === 0) return undefined;
  for (const [name, value] of Object.entries(own ?? {})) checkNumber(name, value);
  return merged;
}

/** Options with the check that the container has. */
export function withHealth<T extends { health?: HealthCheck }>(options: T, image: ImageConfig): T {
  const health = mergeHealth(options.health, image);
  return health === undefined ? options : { ...options, health };
}

const FLAGS: Readonly<Record<string, string>> = {
  interval: '--health-interval',
  timeout: '--health-timeout',
  startPeriod: '--health-start-period',
  startInterval: '--health-start-interval',
};

function checkNumber(name: string, value: unknown): void {
  const field = FLAGS[name];
  if (field === undefined || typeof value !== 'number' || value >= SHORTEST || value === 0) return;
  throw new Fault('invalid', `read ${field}: it is less than a millisecond`, { field });
}

/** Whether there is anything to check. */
export function isChecked(health: HealthCheck | undefined): boolean {
  const [kind, ...rest] = health?.test ?? [];
  return (kind === 'CMD' || kind === 'CMD-SHELL') && rest.length > 0;
}

/** With every number said. */
export const settledHealth = (health: HealthCheck): HealthCheck & typeof DEFAULTS => ({ ...DEFAULTS, ...health });

export function fromImage(check: ImageHealthcheck): HealthCheck {
  const time = (value: number | undefined): number | undefined => value && value / NANOSECONDS;
  return defined({
    test: check.Test,
    interval: time(check.Interval),
    timeout: time(check.Timeout),
    startPeriod: time(check.StartPeriod),
    startInterval: time(check.StartInterval),
    retries: check.Retries,
  });
}

/** As an image's configuration and `inspect` have it. */
export function toImage(check: HealthCheck): ImageHealthcheck {
  const time = (value: number | undefined): number | undefined => value && Math.round(value * NANOSECONDS);
  return defined({
    Test: check.test,
    Interval: time(check.interval),
    Timeout: time(check.timeout),
    StartPeriod: time(check.startPeriod),
    StartInterval: time(check.startInterval),
    Retries: check.retries,
  });
}

function defined<T extends object>(fields: { [K in keyof T]: T[K] | undefined }): T {
  return Object.fromEntries(Object.entries(fields).filter(([, value]) => value !== undefined && value !== 0)) as T;
}
