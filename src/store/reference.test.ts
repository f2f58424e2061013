import { expect, test } from 'bun:test';
import { familiarName, formatReference, parseReference } from './reference.ts';

const digest = `sha256:${'a'.repeat(64)}`;
const good: [text: string, full: string, familiar: string][] = [
  ['debian', 'docker.io/library/debian:latest', 'debian:latest'],
  ['user/app:1.2', 'docker.io/user/app:1.2', 'user/app:1.2'],
  ['docker.io/debian:12', 'docker.io/library/debian:12', 'debian:12'],
  ['index.docker.io/library/debian', 'docker.io/library/debian:latest', 'debian:latest'],
  ['localhost/app', 'localhost/app:latest', 'localhost/app:latest'],
  ['127.0.0.1:5000/a/b:t', '127.0.0.1:5000/a/b:t', '127.0.0.1:5000/a/b:t'],
  ['[::1]:5000/app', '[::1]:5000/app:latest', '[::1]:5000/app:latest'],
  [`quay.io/a/b__c-d.e@${digest}`, `quay.io/a/b__c-d.e@${digest}`, `quay.io/a/b__c-d.e@${digest}`],
  [`app:1@${digest}`, `docker.io/library/app:1@${digest}`, `app:1@${digest}`],
];
for (const [text, full, familiar] of good) {
  test(`${text} means ${full}`, () => {
    const reference = parseReference(text);
    expect(formatReference(reference)).toBe(full);
    expect(familiarName(reference)).toBe(familiar);
    expect(parseReference(full)).toEqual(reference);
  });
}

const bad: [string, RegExp][] = [
  ['', /empty/],
  ['Debian', /lower case/],
  ['a//b', /empty/],
  ['a:', /the tag ""/],
  ['a:-b', /the tag "-b"/],
  [`a:${'b'.repeat(129)}`, /the tag/],
  ['a@sha256:12', /not a digest/],
  ['a..b', /separated by/],
  ['-host.example/app', /not a host name/],
  ['f'.repeat(64), /image ID/],
  [`r.io/${'a'.repeat(255)}`, /longer than/],
];
for (const [text, words] of bad) {
  test(`"${text.slice(0, 20)}" is refused with ${words.source}`, () => {
    expect(() => parseReference(text)).toThrow(words);
  });
}
