import { afterEach, beforeEach, describe, expect, test } from 'bun:test';
import { rmSync } from 'node:fs';
import { constants } from 'node:os';
import { BUILDS } from './harness.ts';
import { type JournalSocket, journalSocket } from './journal-socket.ts';
import { Container, FROM, shellPlan, TO, until } from './monitor-fixture.ts';

describe.each(BUILDS.map((path) => [path]))('log in the journal (%s)', (launcher) => {
  let container: Container;
  let journal: JournalSocket | undefined;
  const settings = () => ({ log: container.path('journal'), logDriver: 2, logExtra: 'CONTAINER_NAME=it\n' });
  beforeEach(() => {
    container = new Container(launcher);
  });
  afterEach(async () => {
    await journal?.stop();
    journal = undefined;
    await container.remove();
  });

  test('each line is a message with its bytes as they are; a part says so', async () => {
    journal = await journalSocket(container.path('journal'));
    const socket = journal;
    await container.start(shellPlan(String.raw`printf 'a\0b\377\n'; sleep 0.2; printf rest; sleep 0.2; echo err >&2`), {
      ...settings(),
    });
    await container.ended();
    await until(() => socket.messages().length === 3);
    const [first, part, error] = socket.messages();
    expect(first?.get('MESSAGE')).toBe('a\0b\xff');
    expect([first?.get('CONTAINER_NAME'), first?.get('PRIORITY')]).toEqual(['it', '6']);
    expect(first?.get('SYSLOG_TIMESTAMP')).toMatch(/^\d{4}-.*\.\d{9}Z$/);
    expect([part?.get('MESSAGE'), part?.get('CONTAINER_PARTIAL_MESSAGE')]).toEqual(['rest', 'true']);
    expect(first?.has('CONTAINER_PARTIAL_MESSAGE')).toBe(false);
    expect([error?.get('MESSAGE'), error?.get('PRIORITY')]).toEqual(['err', '3']);
  });

  test('without a journal the start fails and says where it should be', async () => {
    const { code, records } = await container.start(shellPlan('true'), settings());
    expect([code, records[0]?.value, records[0]?.path]).toEqual([
      125,
      constants.errno.ENOENT,
      container.path('journal'),
    ]);
    await container.ended();
  });

  test('one that goes away costs lines, which are counted, and is found again', async () => {
    const first = (journal = await journalSocket(container.path('journal')));
    await container.start(shellPlan('echo one; read x; echo two; echo three; read x; echo four; read x'), {
      ...settings(),
      stdin: 1,
    });
    const client = await container.attach();
    await until(() => first.messages().length === 1);
    await first.stop();
    rmSync(container.path('journal'));
    client.send(TO.stdin, '\n');
    await until(() => client.output().includes('three'));
    const second = (journal = await journalSocket(container.path('journal')));
    client.send(TO.stdin, '\n');
    await until(() => second.messages().length === 2);
    expect(second.messages().map((message) => message.get('MESSAGE'))).toEqual([
      '2 log lines were lost: they could not be written',
      'four',
    ]);
    client.send(TO.stdin, '\n');
    expect(await client.state(FROM.exited)).toStartWith('code=0\n');
  });
});
