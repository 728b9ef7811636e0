/** Role numbers of the API; only these occur. */
export const Role = { guest: 0, common: 1, admin: 10, root: 100 } as const;

/** Who is signed in, as far as the console needs to know before it has asked for more. */
export interface SessionUser {
  id: number;
  username: string;
  display_name: string;
  role: number;
  group: string;
  /** The account still has its first password and may do nothing but change it. */
  must_change_password: boolean;
}

/** A user's own account as GET /api/user/self tells it. */
export interface SelfUser {
  id: number;
  username: string;
  display_name: string;
  role: number;
  status: number;
  group: string;
  quota: number;
  used_quota: number;
  request_count: number;
  must_change_password?: boolean;
}
