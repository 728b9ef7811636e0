import { Role } from '@/features/session/types';
import { UserStatus, type User, type UserAction } from './types';

/** Whether somebody of that role may change the account: roots anybody, administrators who is below them. */
export function mayChange(role: number, user: User): boolean {
  return role >= Role.root || role > user.role;
}

/** What can be done with the account by its state; the server has the last word. */
export function actionsFor(role: number, user: User): UserAction[] {
  if (user.DeletedAt !== null || !mayChange(role, user)) return [];
  const isRoot = user.role >= Role.root;
  const actions: UserAction[] = [];
  if (user.status !== UserStatus.enabled) actions.push('enable');
  else if (!isRoot) actions.push('disable');
  if (role >= Role.root && user.role < Role.admin) actions.push('promote');
  if (!isRoot && user.role >= Role.admin) actions.push('demote');
  if (!isRoot) actions.push('delete');
  return actions;
}
