import type { SessionUser } from './types';

const key = 'yourapi.user';

function isUser(value: unknown): value is SessionUser {
  const user = value as SessionUser | null;
  return typeof user === 'object' && user !== null && Number.isInteger(user.id) && typeof user.role === 'number';
}

/** Who was signed in when this browser was last here. The cookie decides whether that still holds. */
export function loadUser(): SessionUser | null {
  try {
    const value: unknown = JSON.parse(localStorage.getItem(key) ?? 'null');
    return isUser(value) ? value : null;
  } catch {
    return null;
  }
}

/** Remembers or, with null, forgets who is signed in. A browser without storage just asks again. */
export function saveUser(user: SessionUser | null): void {
  try {
    if (user) localStorage.setItem(key, JSON.stringify(user));
    else localStorage.removeItem(key);
  } catch {
    // Storage is refused in some private windows; the session then lives as long as the page.
  }
}
