/** A moment as Go prints it: `2026-01-02 03:04:05 +0000 UTC`. */
export function goTime(milliseconds: number): string {
  return `${new Date(milliseconds).toISOString().slice(0, 19).replace('T', ' ')} +0000 UTC`;
}
