/** Where to go after signing in: the wanted path if it is one of this console, else the dashboard. */
export function nextPath(search: string): string {
  const next = new URLSearchParams(search).get('next') ?? '';
  // "//host" and "/\host" would leave the console.
  return /^\/(?![/\\])/.test(next) ? next : '/detail';
}
