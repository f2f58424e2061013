import { afterAll, expect, test } from 'bun:test';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { openDatabase } from './database.ts';

const scratch = mkdtempSync(join(tmpdir(), 'sampan-test-db-'));
afterAll(() => rmSync(scratch, { recursive: true, force: true }));
const first = { id: 'one', sql: 'CREATE TABLE one (n INTEGER NOT NULL) STRICT; INSERT INTO one VALUES (1);' };
const second = { id: 'two', sql: 'INSERT INTO one VALUES (2);' };

test('Migrations are applied once each, later ones to what is there', () => {
  const path = join(scratch, 'deep', 'a.db');
  openDatabase(path, [first]).close();
  openDatabase(path, [first]).close();
  const database = openDatabase(path, [first, second]);
  expect(database.all('SELECT n FROM one')).toEqual([{ n: 1 }, { n: 2 }]);
  expect(database.get<{ journal_mode: string }>('PRAGMA journal_mode')?.journal_mode).toBe('wal');
  database.close();
  expect(() => openDatabase(path, [first])).toThrow('"two" is not known here');
});

test('A migration that fails leaves nothing of itself', () => {
  const path = join(scratch, 'b.db');
  expect(() =>
    openDatabase(path, [first, { id: 'bad', sql: 'CREATE TABLE x (n INTEGER) STRICT; NONSENSE' }]),
  ).toThrow();
  const database = openDatabase(path, [first]);
  expect(database.all('SELECT n FROM one')).toEqual([{ n: 1 }]);
  database.close();
});

test('A transaction that throws is rolled back, an inner one joins', () => {
  const database = openDatabase(join(scratch, 'c.db'), [first]);
  const work = () =>
    database.transaction(() => {
      database.transaction(() => database.run('INSERT INTO one VALUES (7)'));
      throw new Error('no');
    });
  expect(work).toThrow('no');
  database.durably(() => database.run('INSERT INTO one VALUES (8)'));
  expect(database.all('SELECT n FROM one')).toEqual([{ n: 1 }, { n: 8 }]);
  database.close();
});

test('Processes that open a new database at once all succeed, and one of them migrates it', async () => {
  const path = join(scratch, 'd.db');
  const script = `const { openDatabase } = await import(${JSON.stringify(join(import.meta.dir, 'database.ts'))});
    const db = openDatabase(${JSON.stringify(path)}, ${JSON.stringify([first, second])});
    for (let n = 0; n < 20; n++) db.transaction(() => db.run('INSERT INTO one VALUES (9)'));`;
  const children = Array.from({ length: 6 }, () => Bun.spawn([process.execPath, '-e', script], { stderr: 'inherit' }));
  expect(await Promise.all(children.map(({ exited }) => exited))).toEqual([0, 0, 0, 0, 0, 0]);
  const database = openDatabase(path, [first, second]);
  expect(database.get('SELECT count(*) AS n FROM one')).toEqual({ n: 122 });
  database.close();
});
