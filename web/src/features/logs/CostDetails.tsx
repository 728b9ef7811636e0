import { useTranslation } from 'react-i18next';
import { useServer } from '@/features/status/useServer';
import { formatCount, formatRatio } from '@/lib/numbers';
import { formatUsd, quotaToUsd } from '@/lib/quota';
import { usdPerMillion, type Cost } from './cost';

const cell = 'py-1.5 pr-4 align-top';
const figure = `${cell} ya-num text-right whitespace-nowrap`;

function PartsTable({ cost, perUnit }: { cost: Cost; perUnit: number }) {
  const { t } = useTranslation();
  return (
    <div className="overflow-x-auto" tabIndex={0} role="group" aria-label={t('logs.cost.title')}>
      <table className="w-full max-w-2xl border-collapse text-sm">
        <thead className="text-xs text-muted">
          <tr>
            <th scope="col" className={`${cell} text-left font-normal`}>{t('logs.cost.part')}</th>
            <th scope="col" className={`${figure} font-normal`}>{t('logs.cost.tokens')}</th>
            <th scope="col" className={`${figure} font-normal`}>{t('logs.cost.factor')}</th>
            <th scope="col" className={`${figure} font-normal`}>{t('logs.cost.perMillion')}</th>
            <th scope="col" className={`${figure} font-normal`}>{t('logs.cost.points')}</th>
          </tr>
        </thead>
        <tbody>
          {cost.parts.map((part) => (
            <tr key={part.name} className="border-t border-line">
              <th scope="row" className={`${cell} text-left font-normal`}>{t(`logs.part.${part.name}`)}</th>
              <td className={figure}>{formatCount(part.tokens)}</td>
              <td className={figure}>× {formatRatio(part.factor)}</td>
              <td className={figure}>{formatUsd(usdPerMillion(cost.modelRatio, part.factor, cost.groupRatio, perUnit))}</td>
              <td className={figure}>{formatRatio(part.tokens * part.factor * cost.modelRatio * cost.groupRatio)}</td>
            </tr>
          ))}
        </tbody>
      </table>
    </div>
  );
}

function Formula({ cost, perUnit, isTest }: { cost: Cost; perUnit: number; isTest: boolean }) {
  const { t } = useTranslation();
  const ratios = { model: formatRatio(cost.modelRatio), group: formatRatio(cost.groupRatio) };
  const main =
    cost.mode === 'price'
      ? t('logs.cost.formulaPrice', { price: formatUsd(cost.price), unit: formatCount(perUnit), group: ratios.group })
      : t('logs.cost.formulaTokens', { weighed: formatRatio(cost.weighed), ...ratios });
  return (
    <div className="ya-num flex flex-col gap-1">
      <p>{main}</p>
      {cost.extras.map((extra) => (
        <p key={`${extra.name} ${String(extra.usdPerThousand)}`}>
          + {t(`logs.cost.${extra.name}`, { calls: extra.calls, price: formatUsd(extra.usdPerThousand), quota: formatRatio(extra.quota) })}
        </p>
      ))}
      <p>
        = {formatRatio(cost.exact)} → <strong>{t(isTest ? 'logs.cost.notCharged' : 'logs.cost.charged', { quota: formatCount(cost.charged), usd: formatUsd(quotaToUsd(cost.charged, perUnit)) })}</strong>
      </p>
      {cost.remark === 'none' ? null : <p className="text-warn">{t(`logs.cost.remark.${cost.remark}`)}</p>}
    </div>
  );
}

/** Why a call cost what it cost, or what a test would have cost: every kind of token with its factor, then the formula. */
export function CostDetails({ cost, isTest }: { cost: Cost; isTest: boolean }) {
  const { t } = useTranslation();
  const { display } = useServer();
  const perUnit = display.perUnit || 500_000;
  return (
    <section className="flex flex-col gap-3">
      <h3 className="text-xs font-medium text-muted">{t('logs.cost.title')}</h3>
      {cost.parts.length > 0 ? <PartsTable cost={cost} perUnit={perUnit} /> : null}
      <Formula cost={cost} perUnit={perUnit} isTest={isTest} />
    </section>
  );
}
