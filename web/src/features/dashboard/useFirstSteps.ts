import { live } from '@/api/live';
import { useListChannelsQuery } from '@/features/channels/channelsApi';
import { useListLogsQuery } from '@/features/logs/logsApi';
import { isChannelTest, LogType } from '@/features/logs/types';
import { useGetSelfQuery } from '@/features/session/sessionApi';
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
  const logs = useListLogsQuery({ filters: calls, everybody: isAdmin, page: 1, pageSize: 20 }, live);
  const self = useGetSelfQuery(undefined, live);
  const known = (!isAdmin || channels.data) && tokens.data && logs.data && self.data;
  if (!known) return { steps: undefined, token: undefined };
  // The test of a channel is in the log, too, but no call that a program made.
  const called = (self.data?.request_count ?? 0) > 0 || (logs.data?.items.some((row) => !isChannelTest(row)) ?? false);
  const own: { name: StepName; done: boolean }[] = [
    { name: 'token', done: (tokens.data?.rows.length ?? 0) > 0 },
    { name: 'call', done: called },
  ];
  const first = { name: 'channel' as const, done: (channels.data?.rows.length ?? 0) > 0 };
  return { steps: isAdmin ? [first, ...own] : own, token: tokens.data?.rows[0] };
}
