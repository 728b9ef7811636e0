import { useAppSelector } from '@/app/hooks';
import { Role, type SessionUser } from './types';

/** Who is signed in, or null, and what that allows to see. The server decides what is allowed to be done. */
export function useSession(): { user: SessionUser | null; isAdmin: boolean; isRoot: boolean } {
  const user = useAppSelector((state) => state.session.user);
  const role = user?.role ?? Role.guest;
  return { user, isAdmin: role >= Role.admin, isRoot: role >= Role.root };
}
