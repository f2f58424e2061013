import { Fault } from '#base/fault.ts';
import type { ContainerRecord } from './record.ts';

/**
 * What the start of the machine brings back: `always`, whatever became of it, and `unless-stopped` that its user had
 * running. `on-failure` is for a run that ends while the machine is up.
 */
export function startsOnBoot({ options: { restart }, wanted }: ContainerRecord): boolean {
  return restart?.name === 'always' || (restart?.name === 'unless-stopped' && wanted);
}

type Test = (record: ContainerRecord, value: string) => boolean;

/** Filters of `start` and `stop`; the names are podman's. */
const TESTS: Readonly<Record<string, Test>> = {
  label: ({ options: { labels } }, value) => {
    const [name = '', ...wanted] = value.split('=');
    return Object.hasOwn(labels, name) && (wanted.length === 0 || labels[name] === wanted.join('='));
  },
  name: ({ name }, value) => name.includes(value),
  'restart-policy': ({ options: { restart } }, value) => (restart?.name ?? 'no') === value,
  'should-start-on-boot': (record, value) => String(startsOnBoot(record)) === value,
};

/** Filters such as `restart-policy=always`: those of one key are alternatives, and all keys must hold. */
export function bootFilter(texts: readonly string[]): (record: ContainerRecord) => boolean {
  const asked = texts.map((text) => {
    const equals = text.indexOf('=');
    const key = text.slice(0, Math.max(equals, 0));
    if (!Object.hasOwn(TESTS, key)) {
      throw new Fault('invalid', `read the filter "${text}": there is none of this name`, {
        field: '--filter',
        hint: `There are: ${Object.keys(TESTS).join(', ')}.`,
      });
    }
    return { key, value: text.slice(equals + 1) };
  });
  const keys = [...new Set(asked.map(({ key }) => key))];
  return (record) =>
    keys.every((key) => asked.some((one) => one.key === key && TESTS[key]?.(record, one.value) === true));
}
