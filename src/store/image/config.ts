import { Fault } from '#base/fault.ts';
import { parseDigest, type Digest } from '#store/digest.ts';
import type { Platform } from '#store/platform.ts';
import { readHealthcheck, type ImageHealthcheck } from './health-check.ts';
import { asArray, asObject, asText, asTexts, parseJson, type JsonObject } from './json.ts';

/** What an image says about running it (image-spec config.md, "config"), under the names of that document. */
export interface ImageConfig {
  User?: string;
  Env?: readonly string[];
  Entrypoint?: readonly string[];
  Cmd?: readonly string[];
  WorkingDir?: string;
  Labels?: Readonly<Record<string, string>>;
  StopSignal?: string;
  /** `80/tcp`, sorted. */
  ExposedPorts?: readonly string[];
  /** Absolute paths, sorted. */
  Volumes?: readonly string[];
  Healthcheck?: ImageHealthcheck;
  /** What runs a command that is a line, such as a health check's. */
  Shell?: readonly string[];
}

export interface ConfigFile {
  platform: Platform;
  /** Milliseconds since 1970; 0 when it is not said. */
  created: number;
  config: ImageConfig;
  diffIds: readonly Digest[];
}

/** Reads an image configuration. Throws `corrupt`. */
export function parseConfigFile(bytes: Uint8Array): ConfigFile {
  const json = parseJson(bytes, 'image configuration');
  const rootfs = asObject(json['rootfs'], 'rootfs of the image configuration');
  const variant = asText(json['variant'], 'variant of the image configuration');
  const created = Date.parse(asText(json['created'], 'creation time of the image') ?? '');
  return {
    platform: {
      os: needed(json, 'os'),
      architecture: needed(json, 'architecture'),
      ...(variant === undefined ? {} : { variant }),
    },
    created: Number.isFinite(created) ? created : 0,
    config: readConfig(json['config']),
    diffIds: asArray(rootfs['diff_ids'], 'diff_ids of the image configuration').map((diffId) =>
      parseDigest(diffId, 'read the diff_ids of the image configuration', 'corrupt'),
    ),
  };
}

function needed(json: JsonObject, key: string): string {
  const text = asText(json[key], `${key} of the image configuration`);
  if (text === undefined) throw new Fault('corrupt', `read the image configuration: it has no "${key}"`);
  return text;
}

function readConfig(value: unknown): ImageConfig {
  if (value === undefined || value === null) return {};
  const json = asObject(value, 'config of the image configuration');
  const text = (key: string): string | undefined => asText(json[key], `${key} of the image`);
  const texts = (key: string): string[] | undefined => nonEmpty(asTexts(json[key], `${key} of the image`));
  const keys = (key: string): string[] | undefined => nonEmpty(Object.keys(asObject(json[key] ?? {}, key)).sort());
  return defined({
    User: text('User'),
    Env: texts('Env'),
    Entrypoint: texts('Entrypoint'),
    Cmd: texts('Cmd'),
    WorkingDir: text('WorkingDir'),
    Labels: readLabels(json['Labels']),
    StopSignal: text('StopSignal'),
    ExposedPorts: keys('ExposedPorts'),
    Volumes: keys('Volumes'),
    Healthcheck: readHealthcheck(json['Healthcheck']),
    Shell: texts('Shell'),
  });
}

function readLabels(value: unknown): Record<string, string> | undefined {
  if (value === undefined || value === null) return undefined;
  const entries = Object.entries(asObject(value, 'Labels of the image'));
  if (entries.length === 0) return undefined;
  return Object.fromEntries(entries.map(([key, label]) => [key, asText(label, `label ${key} of the image`) ?? '']));
}

function nonEmpty(list: string[]): string[] | undefined {
  return list.length === 0 ? undefined : list;
}

function defined<T extends object>(fields: { [K in keyof T]: T[K] | undefined }): T {
  return Object.fromEntries(Object.entries(fields).filter(([, value]) => value !== undefined)) as T;
}
