import type { Machine, ProcessFacts } from './process.ts';

/** What the columns need beside the process itself. */
export interface Surroundings {
  machine: Machine;
  userName(uid: number): string;
  groupName(gid: number): string;
}

export interface Column {
  title: string;
  show(process: ProcessFacts, around: Surroundings): string;
}

const column = (title: string, show: Column['show']): Column => ({ title, show });
const percent = (part: number, whole: number): string => (whole > 0 ? (100 * part) / whole : 0).toFixed(1);
const kilobytes = (bytes: number): string => String(Math.floor(bytes / 1024));
const two = (number: number): string => String(Math.floor(number)).padStart(2, '0');

/** `HH:MM:SS`, with days in front when there are some. */
function clock(seconds: number): string {
  const days = Math.floor(seconds / 86400);
  const time = `${two((seconds / 3600) % 24)}:${two((seconds / 60) % 60)}:${two(seconds % 60)}`;
  return days > 0 ? `${days}-${time}` : time;
}

/** `MM:SS`, longer only when it has to be. */
const elapsed = (seconds: number): string => clock(seconds).replace(/^00:/, '');

/** BSD's way of processor time: minutes and seconds. */
const minutes = (seconds: number): string => `${Math.floor(seconds / 60)}:${two(seconds % 60)}`;

const MONTHS = ['Jan', 'Feb', 'Mar', 'Apr', 'May', 'Jun', 'Jul', 'Aug', 'Sep', 'Oct', 'Nov', 'Dec'];

/** The hour when it was today, else the day, else the year. */
function begun(started: number, now: number): string {
  const [then, today] = [new Date(started * 1000), new Date(now * 1000)];
  if (now - started < 86400 && then.getDate() === today.getDate()) {
    return `${two(then.getHours())}:${two(then.getMinutes())}`;
  }
  if (then.getFullYear() === today.getFullYear()) return `${MONTHS[then.getMonth()] ?? ''}${two(then.getDate())}`;
  return String(then.getFullYear());
}

const user: Column['show'] = ({ uid }, around) => around.userName(uid);
const group: Column['show'] = ({ gid }, around) => around.groupName(gid);
const share: Column['show'] = ({ processor, elapsed: since }) => percent(processor, since);
const command: Column['show'] = (process) => process.command;
const name: Column['show'] = (process) => process.name;
const stime: Column['show'] = ({ started }, { machine }) => begun(started, machine.now);

/** Columns by the names that ps has for them. */
export const COLUMNS: Readonly<Record<string, Column>> = {
  pid: column('PID', ({ pid }) => String(pid)),
  ppid: column('PPID', ({ parent }) => String(parent)),
  pgid: column('PGID', (process) => String(process.group)),
  pgrp: column('PGRP', (process) => String(process.group)),
  sid: column('SID', ({ session }) => String(session)),
  sess: column('SESS', ({ session }) => String(session)),
  user: column('USER', user),
  euser: column('EUSER', user),
  uname: column('USER', user),
  ruser: column('RUSER', user),
  uid: column('UID', ({ uid }) => String(uid)),
  euid: column('EUID', ({ uid }) => String(uid)),
  group: column('GROUP', group),
  egroup: column('EGROUP', group),
  gid: column('GID', ({ gid }) => String(gid)),
  egid: column('EGID', ({ gid }) => String(gid)),
  c: column('C', ({ processor, elapsed: since }) => String(Math.floor((100 * processor) / Math.max(since, 1)))),
  pcpu: column('%CPU', share),
  '%cpu': column('%CPU', share),
  pmem: column('%MEM', ({ residentBytes }, { machine }) => percent(residentBytes, machine.memory)),
  '%mem': column('%MEM', ({ residentBytes }, { machine }) => percent(residentBytes, machine.memory)),
  vsz: column('VSZ', ({ virtualBytes }) => kilobytes(virtualBytes)),
  vsize: column('VSZ', ({ virtualBytes }) => kilobytes(virtualBytes)),
  rss: column('RSS', ({ residentBytes }) => kilobytes(residentBytes)),
  tty: column('TT', ({ terminal }) => terminal),
  tt: column('TT', ({ terminal }) => terminal),
  tname: column('TTY', ({ terminal }) => terminal),
  stat: column('STAT', ({ state }) => state),
  state: column('S', ({ state }) => state),
  s: column('S', ({ state }) => state),
  stime: column('STIME', stime),
  start: column('STARTED', stime),
  start_time: column('START', stime),
  lstart: column('STARTED', ({ started }) => new Date(started * 1000).toUTCString()),
  time: column('TIME', ({ processor }) => clock(processor)),
  cputime: column('TIME', ({ processor }) => clock(processor)),
  bsdtime: column('TIME', ({ processor }) => minutes(processor)),
  etime: column('ELAPSED', (process) => elapsed(process.elapsed)),
  etimes: column('ELAPSED', (process) => String(Math.floor(process.elapsed))),
  ni: column('NI', ({ nice }) => String(nice)),
  nice: column('NI', ({ nice }) => String(nice)),
  pri: column('PRI', ({ priority }) => String(39 - priority)),
  nlwp: column('NLWP', ({ threads }) => String(threads)),
  thcount: column('THCNT', ({ threads }) => String(threads)),
  comm: column('COMMAND', name),
  ucmd: column('CMD', name),
  cmd: column('CMD', command),
  args: column('COMMAND', command),
  command: column('COMMAND', command),
};
