import { describe, expect, it } from 'vitest';
import { actionsFor, mayChange } from './userRights';

function user(role: number, status = 1, DeletedAt: string | null = null) {
  return { id: 5, username: 'u', display_name: '', role, status, email: '', group: 'default', quota: 0, used_quota: 0, request_count: 0, DeletedAt };
}

describe('user rights', () => {
  it('lets administrators change who is below them, and roots anybody', () => {
    expect([mayChange(10, user(1)), mayChange(10, user(10)), mayChange(100, user(100))]).toEqual([true, false, true]);
  });

  it('offers what fits the account', () => {
    expect(actionsFor(100, user(1))).toEqual(['disable', 'promote', 'delete']);
    expect(actionsFor(100, user(10, 2))).toEqual(['enable', 'demote', 'delete']);
    expect(actionsFor(10, user(1))).toEqual(['disable', 'delete']);
  });

  it('never offers to disable, demote or delete a root, nor anything on a deleted account', () => {
    expect(actionsFor(100, user(100))).toEqual([]);
    expect(actionsFor(100, user(1, 1, '2026-01-01T00:00:00Z'))).toEqual([]);
  });
});
