import { Fault } from '#base/fault.ts';
import { formatReference, parseReference, type Reference } from '#store/reference.ts';

/** Where an image can be had, or brought to. */
export interface Place {
  registry: string;
  repository: string;
  /** Its certificate need not be vouched for, and plain HTTP will do where it speaks no HTTPS. */
  lax: boolean;
}

/** What the settings say of all images whose names begin with `prefix` (containers-registries.conf(5)). */
export interface RegistryRule {
  /** `quay.io`, `quay.io/team`, `*.example.com` */
  prefix: string;
  /** Stands in the prefix's place; empty for the prefix itself. */
  location: string;
  lax: boolean;
  blocked: boolean;
  mirrors: readonly { location: string; lax: boolean; pull: 'all' | 'digest-only' | 'tag-only' }[];
}

type Json = Readonly<Record<string, unknown>>;

/** Reads the value of registries.conf. Throws `invalid`, with the field. */
export function readRules(value: Json): RegistryRule[] {
  if (value['registries'] !== undefined) {
    throw new Fault('invalid', 'it has the first form of registries.conf, "[registries.search]" and so on', {
      hint: 'Write it in the second form: [[registry]] with prefix, location, insecure and blocked.',
    });
  }
  return listOf(value['registry'], 'registry').map(readRule);
}

function readRule(json: Json, index: number): RegistryRule {
  const field = `registry[${index}]`;
  const location = textOf(json, 'location', field);
  const prefix = textOf(json, 'prefix', field) || location;
  if (prefix === '' || (location === '' && !prefix.startsWith('*.'))) {
    throw new Fault('invalid', `${field} has neither prefix nor location`, { field });
  }
  const digestOnly = truthOf(json, 'mirror-by-digest-only', field);
  return {
    prefix,
    location,
    lax: truthOf(json, 'insecure', field),
    blocked: truthOf(json, 'blocked', field),
    mirrors: listOf(json['mirror'], `${field}.mirror`).map((mirror, at) => {
      const pull = textOf(mirror, 'pull-from-mirror', `${field}.mirror[${at}]`) || (digestOnly ? 'digest-only' : 'all');
      if (pull !== 'all' && pull !== 'digest-only' && pull !== 'tag-only') {
        throw new Fault('invalid', `${field}.mirror[${at}].pull-from-mirror is "${pull}"`, { field });
      }
      return {
        location: textOf(mirror, 'location', `${field}.mirror[${at}]`),
        lax: truthOf(mirror, 'insecure', `${field}.mirror[${at}]`),
        pull,
      };
    }),
  };
}

/** Mirrors in their order, then the registry itself. Throws `denied` when it is blocked. */
export function placesToPull(rules: readonly RegistryRule[], reference: Reference): Place[] {
  const rule = ruleFor(rules, reference);
  if (rule === undefined) return [{ registry: reference.registry, repository: reference.repository, lax: false }];
  const kind = reference.digest === undefined ? 'tag-only' : 'digest-only';
  return [
    ...rule.mirrors
      .filter(({ pull }) => pull === 'all' || pull === kind)
      .map(({ location, lax }) => moved(reference, rule.prefix, location, lax)),
    moved(reference, rule.prefix, rule.location, rule.lax),
  ];
}

/** Where a push goes: mirrors are for reading. */
export function placeToPush(rules: readonly RegistryRule[], reference: Reference): Place {
  return placesToPull(rules, reference).at(-1) as Place;
}

/** The rule with the longest prefix. */
function ruleFor(rules: readonly RegistryRule[], reference: Reference): RegistryRule | undefined {
  const fitting = rules
    .filter(({ prefix }) => fittingLength(prefix, reference) !== undefined)
    .sort((a, b) => b.prefix.length - a.prefix.length)[0];
  if (fitting?.blocked !== true) return fitting;
  throw new Fault('denied', `the registries file blocks ${fitting.prefix}, so ${formatReference(reference)} too`);
}

/** How much of the name `registry/repository` the prefix stands for. */
function fittingLength(prefix: string, { registry, repository }: Reference): number | undefined {
  if (prefix.startsWith('*.')) return registry.endsWith(prefix.slice(1)) ? registry.length : undefined;
  const name = `${registry}/${repository}`;
  return name === prefix || name.startsWith(`${prefix}/`) ? prefix.length : undefined;
}

function moved(reference: Reference, prefix: string, location: string, lax: boolean): Place {
  const name = `${reference.registry}/${reference.repository}`;
  const length = fittingLength(prefix, reference) ?? 0;
  const target = location === '' ? name : `${location}${name.slice(length)}`;
  const slash = target.indexOf('/');
  const [registry, repository] = [target.slice(0, slash), target.slice(slash + 1)];
  // Its path must not climb, and is held to the same rules as any other.
  if (!/^[A-Za-z0-9.:[\]-]+$/.test(registry)) throw new Fault('invalid', `"${registry}" is no host of a registry`);
  return { registry, repository: parseReference(`host.test/${repository}`).repository, lax };
}

function listOf(value: unknown, field: string): Json[] {
  if (value === undefined) return [];
  if (Array.isArray(value) && value.every((item) => typeof item === 'object' && item !== null)) return value as Json[];
  throw new Fault('invalid', `${field} is not a list of tables`, { field });
}

function textOf(json: Json, key: string, field: string): string {
  const value = json[key] ?? '';
  if (typeof value === 'string') return value.replace(/\/$/, '');
  throw new Fault('invalid', `${field}.${key} is not a text`, { field: `${field}.${key}` });
}

function truthOf(json: Json, key: string, field: string): boolean {
  const value = json[key] ?? false;
  if (typeof value === 'boolean') return value;
  throw new Fault('invalid', `${field}.${key} is neither true nor false`, { field: `${field}.${key}` });
}
