import { useState } from 'react';
import { isApiError } from '@/api/envelope';
import { useErrorText } from '@/api/useErrorText';
import { useTestChannelMutation, type TestResult } from './channelsApi';

function secondsOf(error: unknown): number {
  const body = isApiError(error) ? error.body : undefined;
  const time = typeof body === 'object' && body !== null ? (body as { time?: unknown }).time : undefined;
  return typeof time === 'number' ? time : 0;
}

/** Runs tests of one channel, one at a time, and keeps each model's last result. */
export function useChannelTest(id: number): {
  results: Record<string, TestResult>;
  /** The model under test. */
  running: string | null;
  test: (model: string) => Promise<void>;
} {
  const errorText = useErrorText();
  const [results, setResults] = useState<Record<string, TestResult>>({});
  const [running, setRunning] = useState<string | null>(null);
  const [run] = useTestChannelMutation();
  const test = async (model: string) => {
    setRunning(model);
    const { data, error } = await run({ id, model });
    const result = data ?? { ok: false, message: errorText(error), seconds: secondsOf(error) };
    setResults((known) => ({ ...known, [model]: result }));
    setRunning(null);
  };
  return { results, running, test };
}
