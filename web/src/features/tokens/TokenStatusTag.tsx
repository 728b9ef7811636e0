import { useState } from 'react';
import { useTranslation } from 'react-i18next';
import { StatusBadge, type Tone } from '@/components/StatusBadge';
import { tokenStateOf } from './tokenState';
import type { Token } from './types';

const tones: Record<number, Tone> = { 1: 'good', 2: 'off', 3: 'warn', 4: 'warn' };

/** The token's state in a word. */
export function TokenStatusTag({ token }: { token: Token }) {
  const { t } = useTranslation();
  const [now] = useState(() => Math.floor(Date.now() / 1000));
  const state = tokenStateOf(token, now);
  return <StatusBadge tone={tones[state] ?? 'off'} text={t(`tokens.status.${tones[state] ? state : 0}`)} />;
}
