// The store's foundations on Node: names, and the database several processes share.
import assert from 'node:assert/strict';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import { openDatabase } from '#store/database.ts';
import { familiarName, formatReference, parseReference } from '#store/reference.ts';

test('names read and print as Docker does', () => {
  assert.equal(formatReference(parseReference('debian')), 'docker.io/library/debian:latest');
  assert.equal(familiarName(parseReference('127.0.0.1:5000/a/b:1')), '127.0.0.1:5000/a/b:1');
  assert.throws(() => parseReference('Debian'), { name: 'Fault', kind: 'invalid' });
});

test('a transaction that throws leaves nothing, in the eyes of another connection', () => {
  const directory = mkdtempSync(join(tmpdir(), 'sampan-node-'));
  const migrations = [{ id: 'rows', sql: 'CREATE TABLE rows (a INTEGER NOT NULL) STRICT' }];
  const first = openDatabase(join(directory, 'a.db'), migrations);
  const second = openDatabase(join(directory, 'a.db'), migrations);
  try {
    first.transaction(() => first.run('INSERT INTO rows VALUES (1)'));
    const broken = () =>
      first.transaction(() => {
        first.run('INSERT INTO rows VALUES (2)');
        throw new Error('stop');
      });
    assert.throws(broken, /stop/);
    assert.deepEqual(
      second.all('SELECT a FROM rows').map((row) => row.a),
      [1],
    );
  } finally {
    first.close();
    second.close();
    rmSync(directory, { recursive: true });
  }
});
