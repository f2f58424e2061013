/** Sockets that systemd opened for us, to be handed on: how many there are from descriptor 3 on. */
export function listening({
  LISTEN_FDS: count,
  LISTEN_PID: pid,
}: Readonly<Record<string, string | undefined>>): number {
  const isOurs = pid === undefined || pid === String(process.pid);
  return isOurs && count !== undefined && /^\d{1,3}$/.test(count) ? Number(count) : 0;
}
