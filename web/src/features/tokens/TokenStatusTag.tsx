import { useState } from 'react';
import { useTranslation } from 'react-i18next';
import { StatusBadge, type Tone } from '@/components/StatusBadge';
import { TokenStatus, type Token } from './types';

const tones: Record<number, Tone> = { 1: 'good', 2: 'off', 3: 'warn', 4: 'warn' };

/** What the token's state really is now: one past its end is expired, whatever its row still says. */
export function tokenStateOf(token: Token, nowSeconds: number): number {
  const over = token.expired_time > 0 && token.expired_time <= nowSeconds;
  return token.status === TokenStatus.enabled && over ? TokenStatus.expired : token.status;
}

/** The token's state in a word. */
export function TokenStatusTag({ token }: { token: Token }) {
  const { t } = useTranslation();
  const [now] = useState(() => Math.floor(Date.now() / 1000));
  const state = tokenStateOf(token, now);
  return <StatusBadge tone={tones[state] ?? 'off'} text={t(`tokens.status.${tones[state] ? state : 0}`)} />;
}
