import { ThunderboltOutlined } from '@ant-design/icons';
import { Button, Drawer, Input } from 'antd';
import { useState } from 'react';
import { useTranslation } from 'react-i18next';
import { useIsPhone } from '@/lib/useMediaQuery';
import { splitList, unique } from '@/lib/list';
import { formatSpan } from '@/lib/time';
import type { TestResult } from './channelsApi';
import type { Channel } from './types';
import { useChannelTest } from './useChannelTest';

function Result({ result }: { result: TestResult }) {
  const { t } = useTranslation();
  const time = formatSpan(result.seconds * 1000);
  const failure = result.seconds > 0 ? t('channels.testFailed', { time, reason: result.message }) : t('channels.testNotSent', { reason: result.message });
  return (
    <p role="status" className={`mt-1 text-xs [overflow-wrap:anywhere] ${result.ok ? 'text-good' : 'text-bad'}`}>
      {result.ok ? t('channels.testPassed', { time }) : failure}
    </p>
  );
}

function ModelRows({ channel }: { channel: Channel }) {
  const { t } = useTranslation();
  const [part, setPart] = useState('');
  const { results, running, test } = useChannelTest(channel.id);
  const all = unique(splitList(channel.models));
  const models = all.filter((name) => name.toLowerCase().includes(part.trim().toLowerCase()));
  const testAll = async () => {
    for (const model of models) await test(model);
  };
  return (
    <>
      <div className="mb-3 flex gap-2">
        <Input allowClear aria-label={t('channels.findModel')} placeholder={t('channels.findModel')} value={part} onChange={(event) => setPart(event.target.value)} />
        <Button disabled={running !== null || models.length === 0} onClick={() => void testAll()}>
          {t('channels.testAllShown', { count: models.length })}
        </Button>
      </div>
      <ul className="divide-y divide-line">
        {models.map((model) => (
          <li key={model} className="flex items-start justify-between gap-3 py-2.5">
            <div className="min-w-0">
              <span className="[overflow-wrap:anywhere]">{model}</span>
              {model === channel.test_model ? <span className="ml-2 text-xs text-muted">{t('channels.testModelMark')}</span> : null}
              {results[model] ? <Result result={results[model]} /> : null}
            </div>
            <Button
              size="small"
              icon={<ThunderboltOutlined />}
              loading={running === model}
              disabled={running !== null && running !== model}
              aria-label={t('channels.testOf', { name: model })}
              onClick={() => void test(model)}
            >
              {t('channels.test')}
            </Button>
          </li>
        ))}
      </ul>
    </>
  );
}

/** Tries the channel's models with a tiny request each, and shows how long it took or what went wrong. */
export function ChannelTest({ channel, onClose }: { channel: Channel | null; onClose: () => void }) {
  const { t } = useTranslation();
  const isPhone = useIsPhone();
  return (
    <Drawer
      open={channel !== null}
      title={channel ? t('channels.testTitle', { name: channel.name }) : ''}
      size={isPhone ? '100%' : 520}
      onClose={onClose}
      destroyOnHidden
    >
      <p className="mb-4 text-muted">{t('channels.testHelp')}</p>
      {channel ? <ModelRows key={channel.id} channel={channel} /> : null}
    </Drawer>
  );
}
