import { expect, test } from 'bun:test';
import { applyChanges } from './change.ts';

test('Instructions change the configuration as in a Dockerfile', () => {
  const changed = applyChanges({ Env: ['A=0', 'C=3'], ExposedPorts: { '1/tcp': {} } }, [
    'CMD ["sh", "-c"]',
    'entrypoint echo hi',
    String.raw`ENV A=1 B="two words" D=x\ y`,
    'ENV OLD the rest of it',
    'EXPOSE 80 53/udp',
    "LABEL a.b=c 'd e'=f",
    'USER app:staff',
    'WORKDIR /srv',
    'VOLUME /data /more',
    'VOLUME ["/third"]',
    'STOPSIGNAL SIGINT',
    'ONBUILD RUN x',
    'HEALTHCHECK --interval=1m30s --retries=2 --start-period=500ms CMD curl -f localhost || exit 1',
  ]);
  expect(changed).toEqual({
    Env: ['C=3', 'A=1', 'B=two words', 'D=x y', 'OLD=the rest of it'],
    ExposedPorts: { '1/tcp': {}, '80/tcp': {}, '53/udp': {} },
    Cmd: ['sh', '-c'],
    Entrypoint: ['/bin/sh', '-c', 'echo hi'],
    Labels: { 'a.b': 'c', 'd e': 'f' },
    User: 'app:staff',
    WorkingDir: '/srv',
    Volumes: { '/data': {}, '/more': {}, '/third': {} },
    StopSignal: 'SIGINT',
    OnBuild: ['RUN x'],
    Healthcheck: { Test: ['CMD-SHELL', 'curl -f localhost || exit 1'], Interval: 9e10, Retries: 2, StartPeriod: 5e8 },
  });
});

test('A health check as an argument vector, and none', () => {
  expect(applyChanges({}, ['HEALTHCHECK CMD ["a", "b c"]'])).toEqual({ Healthcheck: { Test: ['CMD', 'a', 'b c'] } });
  expect(applyChanges({ Healthcheck: {} }, ['healthcheck none'])).toEqual({ Healthcheck: { Test: ['NONE'] } });
});

test('What is no such instruction is refused', () => {
  for (const instruction of [
    'RUN x',
    'CMD',
    'CMD [1]',
    'HEALTHCHECK',
    'HEALTHCHECK CMD',
    'HEALTHCHECK true',
    'HEALTHCHECK --interval=x CMD true',
    'HEALTHCHECK --often=1s CMD true',
    'HEALTHCHECK --retries=2s NONE',
    'CMD ["x"',
    'EXPOSE http',
    'ENV =1',
    'LABEL a',
    '',
    'constructor x',
  ]) {
    let error: unknown;
    try {
      applyChanges({}, [instruction]);
    } catch (thrown) {
      error = thrown;
    }
    expect({ instruction, error }).toMatchObject({ instruction, error: { kind: 'invalid', field: '--change' } });
  }
});
