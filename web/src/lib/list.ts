/** The names of a comma list; blanks around names and empty names are dropped. */
export function splitList(text: string | null | undefined): string[] {
  return (text ?? '')
    .split(',')
    .map((name) => name.trim())
    .filter((name) => name !== '');
}

/** The names without repeats, in the order of their first appearance. */
export function unique(names: string[]): string[] {
  return [...new Set(names)];
}
