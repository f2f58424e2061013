import { Fault } from '#base/fault.ts';

type Json = Readonly<Record<string, unknown>>;

/** What a person says of an entry; each field as the format calls it, `platform.` before those of the platform. */
export interface EntryChange {
  os?: string;
  architecture?: string;
  variant?: string;
  osVersion?: string;
  osFeatures?: readonly string[];
  features?: readonly string[];
  annotations?: Readonly<Record<string, string>>;
}

const PLATFORM_FIELDS = {
  architecture: 'architecture',
  os: 'os',
  variant: 'variant',
  osVersion: 'os.version',
  osFeatures: 'os.features',
  features: 'features',
} as const;

const OCI_INDEX = 'application/vnd.oci.image.index.v1+json';

export function emptyIndex(annotations: Readonly<Record<string, string>>): Json {
  return withAnnotations({ schemaVersion: 2, mediaType: OCI_INDEX, manifests: [] }, annotations);
}

/** The entry with what was said of it. */
export function changedEntry(entry: Json, change: EntryChange): Json {
  const said = Object.entries(PLATFORM_FIELDS).flatMap(([key, field]) => {
    const value = change[key as keyof typeof PLATFORM_FIELDS];
    return value === undefined || value.length === 0 ? [] : [[field, value] as const];
  });
  const platform = { ...(entry['platform'] as Json | undefined), ...Object.fromEntries(said) };
  const changed = said.length === 0 ? entry : { ...entry, platform };
  return withAnnotations(changed, change.annotations ?? {});
}

export function withAnnotations(json: Json, annotations: Readonly<Record<string, string>>): Json {
  if (Object.keys(annotations).length === 0) return json;
  return { ...json, annotations: { ...(json['annotations'] as Json | undefined), ...annotations } };
}

/** The index with these entries, each digest once; what was said of one before gives way. */
export function withEntries(index: Json, entries: readonly Json[]): Json {
  const byDigest = new Map(entries.map((entry) => [entry['digest'], entry]));
  const kept = entriesOf(index).filter(({ digest }) => !byDigest.has(digest));
  return { ...index, manifests: [...kept, ...byDigest.values()] };
}

/** The index with one entry changed, or taken out. Throws `notFound`. */
export function withChanged(index: Json, digest: string, change: (entry: Json) => Json | undefined): Json {
  const entries = entriesOf(index);
  if (!entries.some((entry) => entry['digest'] === digest)) {
    throw new Fault('notFound', `the index has no entry ${digest}`, {
      hint: `There are: ${entries.map((entry) => String(entry['digest'])).join(', ') || 'none'}.`,
    });
  }
  const manifests = entries.flatMap((entry) => {
    const now = entry['digest'] === digest ? change(entry) : entry;
    return now === undefined ? [] : [now];
  });
  return { ...index, manifests };
}

function entriesOf(index: Json): Json[] {
  return index['manifests'] as Json[];
}
