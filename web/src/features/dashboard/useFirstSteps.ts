import { useListChannelsQuery } from '@/features/channels/channelsApi';
import { useListLogsQuery } from '@/features/logs/logsApi';
import { LogType } from '@/features/logs/types';
import { useSession } from '@/features/session/useSession';
import { useListTokensQuery } from '@/features/tokens/tokensApi';
import type { Token } from '@/features/tokens/types';

export type StepName = 'channel' | 'token' | 'call';

interface FirstSteps {
  /** What is to be done by this role, in order, and what of it is done. Undefined until known. */
  steps: { name: StepName; done: boolean }[] | undefined;
  /** The newest token, for the example. */
  token: Token | undefined;
}

const calls = { start: 0, end: 0, type: LogType.consume, token: '', model: '', group: '', username: '', channel: '' };

/** How far a new user, or the owner of a new server, has come. */
export function useFirstSteps(): FirstSteps {
  const { isAdmin } = useSession();
  const channels = useListChannelsQuery({ page: 1, pageSize: 1, idSort: true }, { skip: !isAdmin });
  const tokens = useListTokensQuery({ page: 1, pageSize: 1 });
  const logs = useListLogsQuery({ filters: calls, everybody: isAdmin, page: 1, pageSize: 1 });
  const known = (!isAdmin || channels.data) && tokens.data && logs.data;
  if (!known) return { steps: undefined, token: undefined };
  const own: { name: StepName; done: boolean }[] = [
    { name: 'token', done: (tokens.data?.rows.length ?? 0) > 0 },
    { name: 'call', done: (logs.data?.total ?? 0) > 0 },
  ];
  const first = { name: 'channel' as const, done: (channels.data?.rows.length ?? 0) > 0 };
  return { steps: isAdmin ? [first, ...own] : own, token: tokens.data?.rows[0] };
}
