import { Fault } from '#base/fault.ts';
import { healthcheckOf } from './change-health.ts';

/** `config` of an image configuration under its own names (image-spec config.md). */
export type ImageSettings = Readonly<Record<string, unknown>>;

type Change = (config: ImageSettings, value: string) => ImageSettings;

/** Instructions of a Dockerfile that change the configuration alone. */
const CHANGES: Record<string, Change> = {
  CMD: (config, value) => ({ ...config, Cmd: commandOf(value) }),
  ENTRYPOINT: (config, value) => ({ ...config, Entrypoint: commandOf(value) }),
  ENV: (config, value) => ({ ...config, Env: withVariables(textsOf(config['Env']), pairsOf(value, 'ENV')) }),
  EXPOSE: (config, value) => ({
    ...config,
    ExposedPorts: withKeys(config['ExposedPorts'], wordsOf(value).map(portOf)),
  }),
  HEALTHCHECK: (config, value) => ({
    ...config,
    Healthcheck: healthcheckOf(value, listOf, (why) => bad(`HEALTHCHECK ${value}`, why)),
  }),
  LABEL: (config, value) => ({
    ...config,
    Labels: { ...(config['Labels'] as object | undefined), ...Object.fromEntries(pairsOf(value, 'LABEL')) },
  }),
  ONBUILD: (config, value) => ({ ...config, OnBuild: [...textsOf(config['OnBuild']), value] }),
  STOPSIGNAL: (config, value) => ({ ...config, StopSignal: value }),
  USER: (config, value) => ({ ...config, User: value }),
  VOLUME: (config, value) => ({ ...config, Volumes: withKeys(config['Volumes'], listOf(value) ?? wordsOf(value)) }),
  WORKDIR: (config, value) => ({ ...config, WorkingDir: value }),
};

/** Applies instructions such as `CMD ["sh"]` and `ENV A=1` in order. Throws `invalid`, field `--change`. */
export function applyChanges(config: ImageSettings, instructions: readonly string[]): ImageSettings {
  return instructions.reduce((at, instruction) => {
    const [, word = '', value = ''] = /^\s*(\S+)\s+([^]*?)\s*$/.exec(instruction) ?? [];
    const change = Object.hasOwn(CHANGES, word.toUpperCase()) ? CHANGES[word.toUpperCase()] : undefined;
    if (change === undefined || value === '') throw bad(instruction, `there are ${Object.keys(CHANGES).join(', ')}`);
    return change(at, value);
  }, config);
}

/** A JSON list is the command itself; anything else is for the shell. */
function commandOf(value: string): string[] {
  return listOf(value) ?? ['/bin/sh', '-c', value];
}

function listOf(value: string): string[] | undefined {
  if (!value.startsWith('[')) return undefined;
  try {
    const list = JSON.parse(value) as unknown;
    if (Array.isArray(list) && list.every((item) => typeof item === 'string')) return list;
  } catch {
    // Said below.
  }
  throw bad(value, 'it is not a JSON list of texts');
}

/** Words, with quotes around blanks. */
function wordsOf(value: string): string[] {
  const words = value.match(/(?:"(?:[^"\\]|\\.)*"|'[^']*'|\\.|[^\s"'\\])+/g) ?? [];
  return words.map((word) => word.replaceAll(/"((?:[^"\\]|\\.)*)"|'([^']*)'|\\(.)/g, unquoted));
}

function unquoted(_: string, double?: string, single?: string, escaped?: string): string {
  return double?.replaceAll(/\\(.)/g, '$1') ?? single ?? escaped ?? '';
}

/** `A=1 B=2`, or `A the rest`. */
function pairsOf(value: string, instruction: string): [string, string][] {
  const old = /^([^\s=]+)\s+([^]+)$/.exec(value);
  if (old !== null) return [[old[1] ?? '', old[2] ?? '']];
  return wordsOf(value).map((word) => {
    const equals = word.indexOf('=');
    if (equals <= 0) throw bad(`${instruction} ${value}`, `"${word}" is not NAME=VALUE`);
    return [word.slice(0, equals), word.slice(equals + 1)];
  });
}

/** Sets variables `NAME=value` in a list of them. */
export function withVariables(env: readonly string[], pairs: readonly [string, string][]): string[] {
  const names = new Set(pairs.map(([name]) => name));
  return [...env.filter((item) => !names.has(item.split('=')[0] ?? '')), ...pairs.map((pair) => pair.join('='))];
}

function portOf(word: string): string {
  if (/^\d{1,5}(?:\/(?:tcp|udp|sctp))?$/.test(word)) return word.includes('/') ? word : `${word}/tcp`;
  throw bad(`EXPOSE ${word}`, 'it is not a port such as 80 or 53/udp');
}

function textsOf(value: unknown): string[] {
  return Array.isArray(value) ? value.map(String) : [];
}

function withKeys(old: unknown, keys: readonly string[]): Record<string, object> {
  return { ...(old as Record<string, object> | undefined), ...Object.fromEntries(keys.map((key) => [key, {}])) };
}

function bad(instruction: string, why: string): Fault {
  return new Fault('invalid', `read the change "${instruction}": ${why}`, { field: '--change' });
}
