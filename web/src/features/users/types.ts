export const UserStatus = { enabled: 1, disabled: 2 } as const;

/** An account as administrators see it. */
export interface User {
  id: number;
  username: string;
  display_name: string;
  role: number;
  status: number;
  email: string;
  group: string;
  quota: number;
  used_quota: number;
  request_count: number;
  /** When the account was deleted; null while it lives. */
  DeletedAt: string | null;
}

export interface NewUser {
  username: string;
  password: string;
  display_name: string;
}

/** A change writes all of these, so each must be sent; an empty password leaves the old one. */
export interface UserChange {
  id: number;
  username: string;
  display_name: string;
  group: string;
  quota: number;
  password?: string;
}

export type UserAction = 'enable' | 'disable' | 'promote' | 'demote' | 'delete';
