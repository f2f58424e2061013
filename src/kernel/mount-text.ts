/** A text of the kernel's lists of mounts as it is: a space is written `\040` there. */
export function mountText(text: string): string {
  if (!text.includes('\\')) return text;
  return text.replace(/\\([0-7]{3})/g, (_, digits: string) => String.fromCharCode(Number.parseInt(digits, 8)));
}
