import { Fault } from '#base/fault.ts';
import { pattern, type LogChoice } from './drivers.ts';

/** What a log may tell of its container. */
export interface LogSubject {
  id: string;
  name: string;
  imageName: string;
  imageId: string;
  labels: Readonly<Record<string, string>>;
  /** `NAME=value` each. */
  env: readonly string[];
}

const SHORT = 12;
const short = (id: string): string => id.replace(/^sha256:/, '').slice(0, SHORT);

/** Fields of docker's tag templates. */
const TAG_FIELDS: Readonly<Record<string, (subject: LogSubject) => string>> = {
  ID: ({ id }) => short(id),
  FullID: ({ id }) => id,
  Name: ({ name }) => name,
  ImageID: ({ imageId }) => short(imageId),
  ImageFullID: ({ imageId }) => imageId,
  ImageName: ({ imageName }) => imageName,
  DaemonName: () => 'sampan',
};

export function tagText(template: string, subject: LogSubject): string {
  return template.replaceAll(/\{\{\s*(.*?)\s*\}\}/g, (_, word: string) => {
    const field = Object.hasOwn(TAG_FIELDS, word.slice(1)) ? TAG_FIELDS[word.slice(1)] : undefined;
    if (word.startsWith('.') && field !== undefined) return field(subject);
    throw new Fault('invalid', `read --log-opt: tag has no field "${word}"`, {
      field: '--log-opt',
      hint: `There are: ${Object.keys(TAG_FIELDS)
        .map((name) => `.${name}`)
        .join(', ')}.`,
    });
  });
}

/** The labels and variables that the options ask for, and with `json-file` a tag that was given, sorted by name. */
export function logAttributes({ driver, options }: LogChoice, subject: LogSubject): [string, string][] {
  const variables = Object.fromEntries(
    subject.env.map((entry) => [entry.split('=', 1)[0] ?? '', entry.slice(entry.indexOf('=') + 1)]),
  );
  const all = new Map([
    ...chosen(subject.labels, options['labels'], options['labels-regex'], 'labels-regex'),
    ...chosen(variables, options['env'], options['env-regex'], 'env-regex'),
  ]);
  const tag = options['tag'];
  if (tag !== undefined && driver !== 'journald') all.set('tag', tagText(tag, subject));
  return [...all].sort(([a], [b]) => (a < b ? -1 : 1));
}

function chosen(
  from: Readonly<Record<string, string>>,
  names: string | undefined,
  like: string | undefined,
  field: string,
): [string, string][] {
  const listed = new Set((names ?? '').split(',').filter(Boolean));
  const matching = like === undefined || like === '' ? undefined : pattern(field, like);
  return Object.entries(from).filter(([name]) => listed.has(name) || matching?.test(name) === true);
}

/** Members of every JSON line, before its time. */
export function jsonExtra(choice: LogChoice, subject: LogSubject): string {
  const attributes = logAttributes(choice, subject);
  return attributes.length === 0 ? '' : `"attrs":${JSON.stringify(Object.fromEntries(attributes))},`;
}

/** Fields of every journal message: docker's names. */
export function journalExtra(choice: LogChoice, subject: LogSubject): string {
  const tag = tagText(choice.options['tag'] ?? '{{.ID}}', subject);
  const fields: [string, string][] = [
    ['CONTAINER_ID', short(subject.id)],
    ['CONTAINER_ID_FULL', subject.id],
    ['CONTAINER_NAME', subject.name],
    ['CONTAINER_TAG', tag],
    ['IMAGE_NAME', subject.imageName],
    ['SYSLOG_IDENTIFIER', tag],
    ...logAttributes(choice, subject).map(([name, value]): [string, string] => [journalName(name), value]),
  ];
  return fields
    .filter(([name]) => name !== '')
    .map(([name, value]) => `${name}=${value.replaceAll(/[\n\0]/g, ' ')}\n`)
    .join('');
}

/** Letters, digits and `_`, not beginning with `_`: others are the journal's own. */
const journalName = (name: string): string =>
  name
    .toUpperCase()
    .replaceAll(/[^A-Z0-9]/g, '_')
    .replace(/^[_0-9]+/, '')
    .slice(0, 64);
