import { useState } from 'react';
import { live } from '@/api/live';
import { useGetLogStatQuery, useListLogsQuery } from '@/features/logs/logsApi';
import { LogType, type LogFilters } from '@/features/logs/types';
import { startOfToday } from '@/lib/time';
import { useGetUsageQuery } from './dataApi';

interface Today {
  /** Undefined until known. */
  requests: number | undefined;
  tokens: number | undefined;
  quota: number | undefined;
  error: unknown;
  refetch: () => void;
}

const onePage = 100;

/**
 * Today's figures. The log knows them to the last call; the hourly sums, which come some minutes late, are used for
 * tokens only when the day has more calls than one page of the log.
 */
export function useToday(everybody: boolean): Today {
  const [start] = useState(startOfToday);
  const [end] = useState(() => Math.floor(Date.now() / 1000));
  const filters: LogFilters = { start, end: 0, type: LogType.consume, token: '', model: '', group: '', username: '', channel: '' };
  const calls = useListLogsQuery({ filters, everybody, page: 1, pageSize: onePage }, live);
  const stat = useGetLogStatQuery({ filters, everybody }, live);
  const many = (calls.data?.total ?? 0) > onePage;
  const sums = useGetUsageQuery({ start, end, everybody }, { ...live, skip: !many });
  const listed = calls.data?.items.reduce((sum, row) => sum + row.prompt_tokens + row.completion_tokens, 0);
  const summed = sums.data?.reduce((sum, row) => sum + row.token_used, 0);
  return {
    requests: calls.data?.total,
    tokens: many ? summed : listed,
    quota: stat.data?.quota,
    error: calls.error ?? stat.error,
    refetch: () => {
      void calls.refetch();
      void stat.refetch();
    },
  };
}
