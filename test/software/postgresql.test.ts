/** PostgreSQL as a person would run it: its cluster in a named volume, work from several clients, an orderly end, and a crash. */
import { beforeAll, expect, test } from 'bun:test';
import { endsClean, IMAGE, softwareWorld, until, type SoftwareWorld } from './world.ts';

let world: SoftwareWorld;
beforeAll(async () => (world = await softwareWorld()), 360_000);
endsClean(() => world);

const BIN = '/usr/lib/postgresql/15/bin';
const DATA = '/var/lib/postgresql/data';
const CONTAINER =
  '-v pgdata:/var/lib/postgresql --tmpfs /run/postgresql:mode=1777 -u postgres --shm-size 128m --stop-signal INT --stop-timeout 60'.split(
    ' ',
  );
const UP = until('pg_isready -q');
const sql = (text: string): Promise<string> => world.exec('pg', `${UP}; psql -qAt -c "${text}"`);

test('a cluster in a volume works, ends in order, and is there after a restart, a kill and a removal', async () => {
  await world.run(CONTAINER, `${BIN}/initdb -D ${DATA} --auth trust --no-sync`);
  const start = ['run', '-d', '--name', 'pg', ...CONTAINER, IMAGE, `${BIN}/postgres`, '-D', DATA];
  expect(await world.sampan(...start)).toMatchObject({ status: 0, stderr: '' });

  await sql('create table t(a int); insert into t select generate_series(1, 1000)');
  const bench = await world.exec('pg', 'pgbench -q -i -s 1 2>/dev/null && pgbench -c 4 -j 2 -t 200');
  expect(bench).toContain('number of transactions actually processed: 800/800');
  expect(bench).toContain('number of failed transactions: 0');
  // Workers side by side meet in /dev/shm.
  const plan = await sql(
    'set parallel_setup_cost=0; set parallel_tuple_cost=0; set min_parallel_table_scan_size=0; explain (analyze, costs off, timing off) select count(*) from pgbench_accounts',
  );
  expect(plan).toMatch(/Workers Launched: [12]/);

  expect((await world.sampan('restart', 'pg')).status).toBe(0);
  expect(await sql('select count(*) from t')).toBe('1000\n');
  expect(await world.logs('pg')).toContain('database system was shut down at');

  expect((await world.sampan('kill', 'pg')).status).toBe(0);
  expect((await world.sampan('start', 'pg')).status).toBe(0);
  expect(await sql('select count(*) from pgbench_history')).toBe('800\n');
  expect(await world.logs('pg')).toContain('automatic recovery in progress');

  expect((await world.sampan('stop', 'pg')).status).toBe(0);
  expect((await world.sampan('inspect', '--format', '{{.State.ExitCode}}', 'pg')).stdout).toBe('0\n');
  expect((await world.logs('pg')).trimEnd()).toEndWith('database system is shut down');
  expect((await world.sampan('rm', 'pg')).status).toBe(0);

  expect(await world.sampan(...start)).toMatchObject({ status: 0 });
  expect(await sql('select sum(a) from t')).toBe('500500\n');
  expect((await world.sampan('rm', '-f', 'pg')).status).toBe(0);
  expect((await world.sampan('volume', 'rm', 'pgdata')).status).toBe(0);
});
