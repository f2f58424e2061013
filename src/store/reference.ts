import { Fault } from '#base/fault.ts';
import { isDigest, type Digest } from './digest.ts';

/** A name of an image, in full. At least one of tag and digest is there. */
export interface Reference {
  /** Host and port: `docker.io`, `127.0.0.1:5000`. */
  registry: string;
  /** `library/debian` */
  repository: string;
  tag?: string;
  digest?: Digest;
}

const DEFAULT_REGISTRY = 'docker.io';
const ALIASES: Record<string, string> = {
  'index.docker.io': DEFAULT_REGISTRY,
  'registry-1.docker.io': DEFAULT_REGISTRY,
};
const HOST =
  /^(?:\[[0-9a-fA-F:]+\]|[a-zA-Z0-9](?:[a-zA-Z0-9-]*[a-zA-Z0-9])?(?:\.[a-zA-Z0-9](?:[a-zA-Z0-9-]*[a-zA-Z0-9])?)*)(?::[0-9]{1,5})?$/;
const COMPONENT = /^[a-z0-9]+(?:(?:\.|_|__|-+)[a-z0-9]+)*$/;
const TAG = /^[A-Za-z0-9_][A-Za-z0-9_.-]{0,127}$/;
const LONGEST_NAME = 255;

/**
 * Reads `[registry/]repository[:tag][@digest]` the way Docker does: no registry means docker.io, one component means
 * `library/`, neither tag nor digest means `latest`. Throws `invalid` with a sentence that says which part is wrong.
 */
export function parseReference(text: string): Reference {
  const [named, digest] = splitDigest(text);
  const colon = named.lastIndexOf(':');
  const tagged = colon > named.lastIndexOf('/');
  const name = tagged ? named.slice(0, colon) : named;
  const tag = tagged ? named.slice(colon + 1) : digest === undefined ? 'latest' : undefined;
  if (tag !== undefined && !TAG.test(tag)) {
    fail(
      text,
      `the tag "${tag}" must be 1 to 128 letters, digits, "_", "." or "-", and start with none of the last two`,
    );
  }
  const { registry, repository } = splitRegistry(text, name);
  return { registry, repository, ...(tag === undefined ? {} : { tag }), ...(digest === undefined ? {} : { digest }) };
}

/** The whole name: `docker.io/library/debian:12`; tag and digest as far as they are there. */
export function formatReference(reference: Reference): string {
  const tag = reference.tag === undefined ? '' : `:${reference.tag}`;
  const digest = reference.digest === undefined ? '' : `@${reference.digest}`;
  return `${reference.registry}/${reference.repository}${tag}${digest}`;
}

/** The name as people write it: `debian:12`, `user/app@sha256:...`, `127.0.0.1:5000/debian:12`. */
export function familiarName(reference: Reference): string {
  const full = formatReference(reference);
  const official = `${DEFAULT_REGISTRY}/library/`;
  if (full.startsWith(official)) return full.slice(official.length);
  return reference.registry === DEFAULT_REGISTRY ? full.slice(DEFAULT_REGISTRY.length + 1) : full;
}

function splitDigest(text: string): [string, Digest | undefined] {
  const at = text.indexOf('@');
  if (at === -1) return [text, undefined];
  const digest = text.slice(at + 1);
  if (!isDigest(digest)) fail(text, `"${digest}" is not a digest such as sha256: and 64 lower-case hexadecimal digits`);
  return [text.slice(0, at), digest];
}

function splitRegistry(text: string, name: string): { registry: string; repository: string } {
  if (name === '') fail(text, 'the name is empty');
  if (/^[0-9a-f]{64}$/.test(name)) fail(text, 'a name of 64 hexadecimal digits would look like an image ID');
  const slash = name.indexOf('/');
  const first = slash === -1 ? '' : name.slice(0, slash);
  const hosted = slash !== -1 && (/[.:]/.test(first) || first === 'localhost' || first !== first.toLowerCase());
  const registry = hosted ? first : DEFAULT_REGISTRY;
  if (!HOST.test(registry)) fail(text, `"${registry}" is not a host name with an optional port`);
  const path = hosted ? name.slice(slash + 1) : name;
  checkPath(text, path);
  const canonical = ALIASES[registry] ?? registry;
  const repository = canonical === DEFAULT_REGISTRY && !path.includes('/') ? `library/${path}` : path;
  if (canonical.length + 1 + repository.length > LONGEST_NAME) fail(text, `the name is longer than ${LONGEST_NAME}`);
  return { registry: canonical, repository };
}

function checkPath(text: string, path: string): void {
  for (const component of path.split('/')) {
    if (COMPONENT.test(component)) continue;
    if (component === '') fail(text, 'a part of the name between slashes is empty');
    if (component !== component.toLowerCase()) fail(text, `"${component}" must be in lower case`);
    fail(text, `"${component}" must be lower-case letters and digits, separated by one ".", one or two "_", or "-"`);
  }
}

function fail(text: string, why: string): never {
  throw new Fault('invalid', `"${text}" is not an image name: ${why}`, { facts: { reference: text } });
}
