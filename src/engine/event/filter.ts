import { Fault } from '#base/fault.ts';
import type { EngineEvent } from './log.ts';

type Test = (event: EngineEvent, value: string) => boolean;

const isActor =
  (type: EngineEvent['type'], attribute: string): Test =>
  (event, value) =>
    value !== '' &&
    ((event.type === type && (event.actor.startsWith(value) || event.attributes['name'] === value)) ||
      event.attributes[attribute] === value);

const TESTS: Readonly<Record<string, Test>> = {
  container: (event, value) => event.type === 'container' && isActor('container', 'name')(event, value),
  image: isActor('image', 'image'),
  volume: ({ type, actor }, value) => type === 'volume' && actor === value,
  event: ({ action }, value) => action === value || action.startsWith(`${value}:`),
  type: ({ type }, value) => type === value,
  label: ({ attributes }, value) => {
    const [name = '', ...wanted] = value.split('=');
    return Object.hasOwn(attributes, name) && (wanted.length === 0 || attributes[name] === wanted.join('='));
  },
};

/** Filters such as `event=die`: those of one key are alternatives, but labels; all keys must hold. Throws `invalid`. */
export function eventFilter(texts: readonly string[]): (event: EngineEvent) => boolean {
  const byKey = new Map<string, string[]>();
  for (const text of texts) {
    const equals = text.indexOf('=');
    const key = text.slice(0, Math.max(equals, 0));
    if (!Object.hasOwn(TESTS, key)) {
      throw new Fault('invalid', `read the filter "${text}": there is none of this name`, {
        field: '--filter',
        hint: `There are: ${Object.keys(TESTS).join(', ')}.`,
      });
    }
    byKey.set(key, [...(byKey.get(key) ?? []), text.slice(equals + 1)]);
  }
  return (event) =>
    [...byKey].every(([key, values]) => {
      const holds = (value: string): boolean => TESTS[key]?.(event, value) === true;
      return key === 'label' ? values.every(holds) : values.some(holds);
    });
}
