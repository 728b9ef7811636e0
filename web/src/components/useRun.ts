import { App } from 'antd';
import { useErrorText } from '@/api/useErrorText';

/** The two ways a mutation of the API client ends. */
type Outcome<T> = { data: T; error?: undefined } | { data?: undefined; error: unknown };

/** Waits for a mutation and tells its fault, or the given word of success. True when it went well. */
export function useRun(): <T>(work: PromiseLike<Outcome<T> | { data?: T; error?: unknown }>, success?: string) => Promise<boolean> {
  const { message } = App.useApp();
  const errorText = useErrorText();
  return async (work, success) => {
    const { error } = await work;
    if (error) void message.error(errorText(error));
    else if (success) void message.success(success);
    return !error;
  };
}
