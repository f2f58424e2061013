import { expect, test } from 'bun:test';
import { canonicalKey, keysFor, parseAuthConfig } from './credentials.ts';
import { mergeScopes } from './scope.ts';

const base64 = (text: string): string => Buffer.from(text).toString('base64');

test('Keys of both forms of file mean the same registries', () => {
  const cases: [string, string][] = [
    ['https://index.docker.io/v1/', 'docker.io'],
    ['index.docker.io', 'docker.io'],
    ['docker.io', 'docker.io'],
    ['docker.io/team', 'docker.io/team'],
    ['https://quay.io/v2/', 'quay.io'],
    ['quay.io/team/app', 'quay.io/team/app'],
    ['127.0.0.1:5000', '127.0.0.1:5000'],
  ];
  for (const [key, canonical] of cases) expect([key, canonicalKey(key)]).toEqual([key, canonical]);
});

test('The most particular key comes first, and none of another team', () => {
  expect(keysFor('quay.io', 'team/app')).toEqual(['quay.io/team/app', 'quay.io/team', 'quay.io']);
  expect(keysFor('quay.io', '')).toEqual(['quay.io']);
});

test('A file gives passwords, identity tokens and helpers', () => {
  const config = parseAuthConfig({
    auths: {
      'a.test': { auth: base64('user:pass:word') },
      'b.test': { auth: base64('<token>:'), identitytoken: 'precious' },
      'c.test': { username: 'u', password: 'p' },
      'd.test': {},
    },
    credHelpers: { 'https://index.docker.io/v1/': 'pass' },
    credsStore: 'secretservice',
  });
  expect(Object.fromEntries(config.auths)).toEqual({
    'a.test': { username: 'user', password: 'pass:word' },
    'b.test': { identityToken: 'precious' },
    'c.test': { username: 'u', password: 'p' },
  });
  expect([config.helpers.get('docker.io'), config.store]).toEqual(['pass', 'secretservice']);
});

test('What cannot be read is named by its field, without its value', () => {
  const wrong = [
    { auths: { 'a.test': { auth: base64('hunter2') } } },
    { auths: ['hunter2'] },
    { auths: { 'a.test': 'hunter2' } },
    { credsStore: '../hunter2' },
    { credHelpers: { 'a.test': 'x/hunter2' } },
    { credHelpers: { 'a.test': '' } },
  ];
  for (const value of wrong) {
    let message = '';
    try {
      parseAuthConfig(value);
    } catch (error) {
      message = (error as Error).message;
    }
    expect(message).toMatch(/auths|credsStore|credHelpers/);
    expect(message).not.toMatch(/hunter2|aHVudGVyMg/);
  }
});

test('Scopes of one resource become one', () => {
  expect(mergeScopes('repository:a:pull', 'repository:a:pull,push', 'repository:b:pull')).toEqual([
    'repository:a:pull,push',
    'repository:b:pull',
  ]);
  expect(mergeScopes('repository:a:push registry:catalog:*', '')).toEqual(['repository:a:push', 'registry:catalog:*']);
});
